// SPDX-License-Identifier: Apache-2.0
//
// Layouts of persistent types, and which root has which type: of the program that runs (from its
// modules' descriptors) or of the one that made a pool (from the pool's type table). Types are
// known by the text that the compiler gave them:
//
//   type = name | type "*" | type "[" count "]" | type "[]" | anything else: a scalar
//
// A record has a TypeLayout; pointers, arrays and scalars are told by their text. In C two files
// may have different types of one name: those after the first carry their module's name as SOURCE,
// and a look-up from that module finds its own.
#pragma once

#include "perdure/abi.h"
#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace perdure {

struct FieldLayout {
  std::string name;
  uint64_t offset; // bytes
  uint64_t size;   // bytes; 0: an array without length at the end
  std::string type;
  bool operator==(const FieldLayout &) const = default;
};

struct TypeLayout {
  std::string name;
  std::string source; // module, if another has a different type of this name
  uint64_t size;      // bytes
  std::vector<FieldLayout> fields;
  const FieldLayout *field(std::string_view field_name) const; // null: none of that name
  bool same_as(const TypeLayout &other) const {
    return size == other.size && fields == other.fields;
  }
};

struct RootLayout {
  std::string key;
  uint64_t offset; // in the image
  uint64_t size;   // bytes
  std::string type;
  std::string source; // module
};

// What a type's text says.
struct TypeText {
  enum class Kind { kScalarOrRecord, kPointer, kArray };
  Kind kind = Kind::kScalarOrRecord;
  std::string_view prefix;     // pointee; the element's text without its own dimensions
  std::string_view dimensions; // of the element
  uint64_t count = 0;          // kArray; 0: no length
  std::string element() const { return std::string(prefix) + std::string(dimensions); }
};
TypeText parse_type(std::string_view text);
// Whether no later run reads what a field or root of this type holds.
inline bool is_transient(std::string_view type) { return type.starts_with("transient "); }
// "note" of "note*[4]": what is left without pointers and arrays.
std::string_view base_of(std::string_view type);

// The innermost field around a byte.
struct FieldPlace {
  std::string path; // "limits[3].high"; empty: the object itself
  std::string type;
  uint64_t offset; // of the field in the object asked for
  uint64_t size;
};

class TypeRegistry {
public:
  // The descriptors and roots of a module of this program.
  void add(const perdure_module_info &module);
  // Known already: no effect. Another layout of that name: kept beside it, under SOURCE.
  void add(TypeLayout type, std::string_view source);
  void add_root(RootLayout root); // known already: no effect

  // The record of that name; null if there is none (a scalar, or never described). SOURCE: the
  // module in whose words the name is meant.
  const TypeLayout *find(std::string_view name, std::string_view source = {}) const;
  // The root that holds the byte at OFFSET in the image, or that has KEY; null if none.
  const RootLayout *root_at(uint64_t offset) const;
  const RootLayout *root(std::string_view key) const;
  // The field of TYPE, an object of SIZE bytes, that holds the byte at OFFSET.
  FieldPlace field_at(std::string_view type, std::string_view source, uint64_t size,
                      uint64_t offset) const;

  const std::deque<TypeLayout> &types() const { return types_; }         // in the order they came
  const std::map<uint64_t, RootLayout> &roots() const { return roots_; } // by offset

private:
  static std::string key_of(std::string_view name, std::string_view source);

  std::deque<TypeLayout> types_;                    // stable addresses
  std::unordered_map<std::string, size_t> by_name_; // index in types_
  std::map<uint64_t, RootLayout> roots_;
};

} // namespace perdure
