// SPDX-License-Identifier: Apache-2.0
//
// Which objects of which types lie in the heap's blocks: everything typed pointers lead to from the
// roots. A walk visits each pair of address and type once, breadth first. Types of C say nothing
// about what a block is, only about what a pointer to it promises, so one byte may lie in several
// objects; the audit exempts a byte only if all that are certain agree.
#pragma once

#include "typed_pointers.h"
#include <deque>
#include <map>
#include <unordered_map>

namespace perdure {

class ObjectGraph {
public:
  ObjectGraph(const std::byte *base, const TypeRegistry &types, const Heap &heap)
      : types_(types), pointers_(base, types, heap) {}

  // From the roots, through the heap as it is. Other threads may change it meanwhile: pointers that
  // are followed late lead elsewhere, nowhere or into freed memory, all of it mapped.
  void walk();
  void clear(); // gives the memory back

  // An object around a byte.
  struct Found {
    std::string_view type; // of the element, in an array
    std::string_view root; // that it was first reached from
    FieldPlace field;      // around the byte; in an array its path starts with "[INDEX]"
    uint64_t end;          // of the field, in the image
    bool certain;          // no guessed array's element after the first
  };
  // Certain ones before others, of those the one that begins last first. Valid until the next walk.
  std::vector<Found> around(uint64_t offset) const;

private:
  // A pointer in objects of a kind, repeated COUNT times; 0: up to the object's end.
  struct PointerField {
    uint64_t offset, count, stride;
    std::string pointee;
    uint64_t finish; // in a vector: offset of the pointer to the end of its elements; else 0
    std::string nodes;
  };
  // A type as some module means it.
  struct Kind {
    std::string type, source, nodes;
    uint64_t size;
    bool is_flexible;
    std::vector<PointerField> fields;
  };
  struct Object {
    uint64_t size;
    uint32_t kind; // of an element
    uint32_t root;
    bool is_guessed_array;
  };
  // Where part of a type stands in the one that is taken apart.
  struct Part {
    uint64_t offset, size, count, stride;
    std::string nodes;
    int depth;
  };

  uint32_t kind_of(std::string_view type, const std::string &source, const std::string &nodes);
  void find_pointers(Kind &kind, std::string_view type, const Part &part) const;
  void find_pointers_in_array(Kind &kind, const TypeText &text, const Part &part) const;
  void find_pointers_in_record(Kind &kind, const TypeLayout &layout, const Part &part) const;
  void add(const ObjectPlace &place, uint32_t root);
  void follow(uint64_t offset, const Object &object);
  void follow(const Kind &kind, const PointerField &field, uint64_t at, uint32_t root);

  const TypeRegistry &types_;
  const TypedPointers pointers_;
  std::deque<Kind> kinds_; // stable addresses
  std::unordered_map<std::string, uint32_t> kind_by_text_;
  std::vector<std::string_view> roots_;
  std::multimap<uint64_t, Object> objects_; // by offset
  std::deque<std::pair<uint64_t, Object>> pending_;
};

} // namespace perdure
