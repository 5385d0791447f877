// SPDX-License-Identifier: Apache-2.0
//
// Types of the language, by the text the compiler gave them: how large, and what kind of number.
#pragma once

#include <cstdint>
#include <string_view>

namespace perdure {

struct ScalarType {
  enum class Kind { kUnsigned, kSigned, kFloat, kBool, kCharacter, kCode };
  std::string_view text;
  uint64_t size; // bytes
  Kind kind;

  // Null: none of them (an enumeration, a record, ...).
  static const ScalarType *find(std::string_view type);
};

inline constexpr ScalarType kScalarTypes[] = {
    {"bool", 1, ScalarType::Kind::kBool},
    {"char", 1, ScalarType::Kind::kCharacter},
    {"signed char", 1, ScalarType::Kind::kSigned},
    {"unsigned char", 1, ScalarType::Kind::kUnsigned},
    {"char8_t", 1, ScalarType::Kind::kUnsigned},
    {"short", 2, ScalarType::Kind::kSigned},
    {"unsigned short", 2, ScalarType::Kind::kUnsigned},
    {"char16_t", 2, ScalarType::Kind::kUnsigned},
    {"int", 4, ScalarType::Kind::kSigned},
    {"unsigned int", 4, ScalarType::Kind::kUnsigned},
    {"wchar_t", 4, ScalarType::Kind::kSigned},
    {"char32_t", 4, ScalarType::Kind::kUnsigned},
    {"long", 8, ScalarType::Kind::kSigned},
    {"unsigned long", 8, ScalarType::Kind::kUnsigned},
    {"long long", 8, ScalarType::Kind::kSigned},
    {"unsigned long long", 8, ScalarType::Kind::kUnsigned},
    {"float", 4, ScalarType::Kind::kFloat},
    {"double", 8, ScalarType::Kind::kFloat},
    {"long double", 16, ScalarType::Kind::kFloat},
    {"(vtable pointer)", 8, ScalarType::Kind::kCode},
};

inline const ScalarType *ScalarType::find(std::string_view type) {
  for (const ScalarType &scalar : kScalarTypes)
    if (type == scalar.text)
      return &scalar;
  return nullptr;
}

} // namespace perdure
