// SPDX-License-Identifier: Apache-2.0
//
// See scalar_text.h.
#include "scalar_text.h"
#include "pool_facts.h"
#include <cmath>
#include <cstdio>
#include <cstring>

namespace perdure {
namespace {

enum class Class { kUnsigned, kSigned, kFloat, kBool, kCharacter, kCode };

struct Scalar {
  const char *type;
  uint64_t size;
  Class kind;
};

constexpr Scalar kScalars[] = {
    {"bool", 1, Class::kBool},
    {"char", 1, Class::kCharacter},
    {"signed char", 1, Class::kSigned},
    {"unsigned char", 1, Class::kUnsigned},
    {"char8_t", 1, Class::kUnsigned},
    {"short", 2, Class::kSigned},
    {"unsigned short", 2, Class::kUnsigned},
    {"char16_t", 2, Class::kUnsigned},
    {"int", 4, Class::kSigned},
    {"unsigned int", 4, Class::kUnsigned},
    {"wchar_t", 4, Class::kSigned},
    {"char32_t", 4, Class::kUnsigned},
    {"long", 8, Class::kSigned},
    {"unsigned long", 8, Class::kUnsigned},
    {"long long", 8, Class::kSigned},
    {"unsigned long long", 8, Class::kUnsigned},
    {"float", 4, Class::kFloat},
    {"double", 8, Class::kFloat},
    {"long double", 16, Class::kFloat},
    {"(vtable pointer)", 8, Class::kCode},
};

const Scalar *find(const std::string &type) {
  for (const Scalar &scalar : kScalars)
    if (type == scalar.type)
      return &scalar;
  return nullptr;
}

Value float_value(const std::byte *at, uint64_t size) {
  long double value = 0;
  if (size == 4) {
    float narrow;
    std::memcpy(&narrow, at, sizeof narrow);
    value = narrow;
  } else if (size == 8) {
    double narrow;
    std::memcpy(&narrow, at, sizeof narrow);
    value = narrow;
  } else {
    std::memcpy(&value, at, 10); // the rest is padding
  }
  char text[64];
  std::snprintf(text, sizeof text, "%.*Lg", size == 4 ? 9 : size == 8 ? 17 : 21, value);
  return std::isfinite(value) ? Value::number(text) : Value{text, json_string(text), {}};
}

Value integer_value(uint64_t bits, uint64_t size, Class kind) {
  if (kind == Class::kBool && bits <= 1)
    return {bits ? "true" : "false", bits ? "true" : "false", {}};
  if (kind == Class::kCharacter && bits >= 0x20 && bits < 0x7f) {
    const std::string text(1, static_cast<char>(bits));
    return {"'" + text + "'", json_string(text), {}};
  }
  if (kind == Class::kSigned || kind == Class::kCharacter) {
    const unsigned unused = static_cast<unsigned>(64 - 8 * size);
    return Value::number(std::to_string(static_cast<int64_t>(bits << unused) >> unused));
  }
  return Value::number(std::to_string(bits));
}

Value code_value(uint64_t address) {
  char text[32];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(address));
  if (address == 0)
    return {"null", "null", {}};
  return {std::string(text) + " (code or static data)",
          std::string("{\"pointer\": \"") + text + "\", \"note\": \"code or static data\"}",
          {}};
}

// "unsigned int:WIDTH@BIT"; false if it is no bit-field.
bool parse_bit_field(const std::string &type, unsigned &width, unsigned &bit, std::string &of) {
  const size_t at = type.rfind(':');
  char rest;
  if (at == std::string::npos || at == 0 || type[at - 1] == ':' ||
      std::sscanf(type.c_str() + at, ":%u@%u%c", &width, &bit, &rest) != 2)
    return false;
  of = type.substr(0, at);
  return width != 0 && width <= 64 && bit < 8;
}

Value bit_field_value(const std::byte *at, uint64_t size, unsigned width, unsigned bit,
                      const std::string &of) {
  unsigned __int128 bits = 0;
  std::memcpy(&bits, at, std::min<uint64_t>(size, sizeof bits));
  bits = bits >> bit & ((static_cast<unsigned __int128>(1) << width) - 1);
  const Scalar *scalar = find(of);
  auto value = static_cast<uint64_t>(bits);
  if (scalar && scalar->kind == Class::kSigned && width < 64 && value >> (width - 1))
    value |= ~0ull << width;
  return integer_value(value, 8, scalar ? scalar->kind : Class::kUnsigned);
}

} // namespace

uint64_t scalar_size(const std::string &type) {
  const Scalar *scalar = find(type);
  return scalar ? scalar->size : 0;
}

Value bytes_value(const std::byte *at, uint64_t size) {
  uint64_t used = size;
  while (used != 0 && at[used - 1] == std::byte{0})
    used--;
  const std::string text(reinterpret_cast<const char *>(at), used);
  bool printable = true;
  for (const char byte : text)
    printable = printable && byte >= 0x20 && byte < 0x7f;
  if (printable)
    return Value::string(text);
  std::string hex;
  for (const char byte : text) {
    char digits[4];
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(byte));
    hex += digits;
  }
  if (used < size)
    hex += " 00...";
  return {hex, "{\"bytes\": " + json_string(hex) + "}", {}};
}

Value scalar_value(const std::string &type, const std::byte *at, uint64_t size) {
  unsigned width, bit;
  std::string of;
  if (parse_bit_field(type, width, bit, of))
    return bit_field_value(at, size, width, bit, of);
  const Scalar *scalar = find(type);
  if (scalar && scalar->size == size && scalar->kind == Class::kFloat)
    return float_value(at, size);
  if (size != 1 && size != 2 && size != 4 && size != 8)
    return bytes_value(at, size);
  uint64_t bits = 0;
  std::memcpy(&bits, at, size);
  if (size == 8 &&
      (type.find("(*") != std::string::npos || (scalar && scalar->kind == Class::kCode)))
    return code_value(bits);
  return integer_value(bits, size,
                       scalar && scalar->size == size ? scalar->kind : Class::kUnsigned);
}

} // namespace perdure
