// SPDX-License-Identifier: Apache-2.0
//
// A decoded value: a scalar, or members by name, or elements by index. Prints as lines
// "path  value", and as JSON: an object for members and for elements, a string, number or object
// for a scalar.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace perdure {

struct Value {
  std::string text; // of a scalar, for people
  std::string json; // of a scalar
  struct Member;
  std::vector<Member> members; // elements are called "[3]"

  static Value number(const std::string &digits);
  static Value string(const std::string &bytes); // quoted
  static Value note(const std::string &what);    // "(transient)"
  bool is_empty() const;

  void print_text(const std::string &path) const;
  std::string to_json() const;
};

struct Value::Member {
  std::string name;
  Value value;
};

inline Value Value::number(const std::string &digits) { return {digits, digits, {}}; }
inline bool Value::is_empty() const { return text.empty() && members.empty(); }

} // namespace perdure
