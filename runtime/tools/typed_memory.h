// SPDX-License-Identifier: Apache-2.0
//
// A pool's memory as its types describe it: what lies around an address, how large a type is, and
// what a typed pointer leads to. Trusts none of the bytes. Used by dump (object_reader) and by
// check (pointer_check).
#pragma once

#include "heap.h"
#include "type_registry.h"
#include <optional>

namespace perdure {

// An object to read: where, as what.
struct ObjectPlace {
  uint64_t offset; // in the image
  uint64_t size;   // bytes that belong to it
  std::string type;
  std::string source; // module in whose words the type is meant
  std::string nodes;  // in a standard container: the type of its nodes
};

class TypedMemory {
public:
  // BASE: where image offset 0 is mapped.
  TypedMemory(const std::byte *base, const TypeRegistry &types, const Heap &heap)
      : base_(base), types_(types), heap_(heap) {}

  const std::byte *at(uint64_t offset) const { return base_ + offset; }
  uint64_t word_at(uint64_t offset) const;
  const TypeRegistry &types() const { return types_; }

  // The live block or root around an offset.
  struct Around {
    uint64_t start = 0, size = 0; // size 0: there is none
    const RootLayout *root = nullptr;
  };
  Around around(uint64_t offset) const;
  uint64_t size_of(const std::string &type, const std::string &source) const; // 0: not known
  // The object of type POINTEE that a pointer in FROM leads to. None: its type is not known, or
  // what is there is too small for it. One object, or what is left of its block if it ends with an
  // array without length.
  std::optional<ObjectPlace> pointee(const ObjectPlace &from, const std::string &pointee,
                                     uint64_t target, const Around &around) const;

private:
  bool is_flexible(const std::string &type, const std::string &source) const;

  const std::byte *base_;
  const TypeRegistry &types_;
  const Heap &heap_;
};

const FieldLayout *field_named(const TypeLayout &layout, std::string_view name);

} // namespace perdure
