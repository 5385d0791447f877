// SPDX-License-Identifier: Apache-2.0
//
// What a typed pointer in a pool leads to: from its value and its type's text to an object, its
// extent and its type. `perdure dump` prints along these pointers, the audit names places by them.
// Trusts neither pointers nor types: what does not fit into the block around it is no object.
#pragma once

#include "heap.h"
#include "type_registry.h"
#include <optional>

namespace perdure {

struct ObjectPlace {
  uint64_t offset; // in the image
  uint64_t size;   // bytes that belong to it
  std::string type;
  std::string source; // module in whose words the type is meant
  std::string nodes;  // in a standard container: the type of its nodes
  // Elements after the first are there because the block has room for them: an array, or one object
  // and what is left of its block.
  bool is_guessed_array = false;
};

class TypedPointers {
public:
  // BASE: where image offset 0 is mapped.
  TypedPointers(const std::byte *base, const TypeRegistry &types, const Heap &heap)
      : base_(base), types_(types), heap_(heap) {}

  // The live block or root around an offset.
  struct Around {
    uint64_t start = 0, size = 0; // size 0: there is none
    const RootLayout *root = nullptr;
    uint64_t end() const { return start + size; }
  };
  Around around(uint64_t offset) const;

  uint64_t word_at(uint64_t offset) const;
  // Bytes of an object of the type; 0: not known. DIMENSIONS: of arrays around it.
  uint64_t size_of(std::string_view type, std::string_view source, int dimensions = 0) const;
  // Whether an array without length ends it.
  bool is_flexible(std::string_view type, std::string_view source) const;

  // What a pointer to POINTEE in an object of FROM's source and nodes leads to, if it has the value
  // TARGET. REQUIRES: AROUND is what is around TARGET, and not nothing.
  std::optional<ObjectPlace> target(const ObjectPlace &from, std::string_view pointee,
                                    uint64_t target, const Around &around) const;

  // A record whose fields say that [start, finish) is an array in use: std::vector's.
  struct VectorFields {
    const FieldLayout *start, *finish;
    std::string_view element; // type
  };
  static std::optional<VectorFields> vector_fields(const TypeLayout &layout);
  // The elements, if BEGIN is the first and they take BYTES; empty if that is not sound.
  std::optional<ObjectPlace> vector_elements(const ObjectPlace &from, std::string_view element,
                                             uint64_t begin, uint64_t bytes) const;

private:
  const std::byte *base_;
  const TypeRegistry &types_;
  const Heap &heap_;
};

} // namespace perdure
