// SPDX-License-Identifier: Apache-2.0
//
// See scalar_text.h.
#include "scalar_text.h"
#include "pool_facts.h"
#include "scalar_types.h"
#include <cmath>
#include <cstdio>
#include <cstring>

namespace perdure {
namespace {

using Kind = ScalarType::Kind;

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

Value integer_value(uint64_t bits, uint64_t size, Kind kind) {
  if (kind == Kind::kBool && bits <= 1)
    return {bits ? "true" : "false", bits ? "true" : "false", {}};
  if (kind == Kind::kCharacter && bits >= 0x20 && bits < 0x7f) {
    const std::string text(1, static_cast<char>(bits));
    return {"'" + text + "'", json_string(text), {}};
  }
  if (kind == Kind::kSigned || kind == Kind::kCharacter) {
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
  const ScalarType *scalar = ScalarType::find(of);
  auto value = static_cast<uint64_t>(bits);
  if (scalar && scalar->kind == Kind::kSigned && width < 64 && value >> (width - 1))
    value |= ~0ull << width;
  return integer_value(value, 8, scalar ? scalar->kind : Kind::kUnsigned);
}

} // namespace

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
  const ScalarType *scalar = ScalarType::find(type);
  if (scalar && scalar->size == size && scalar->kind == Kind::kFloat)
    return float_value(at, size);
  if (size != 1 && size != 2 && size != 4 && size != 8)
    return bytes_value(at, size);
  uint64_t bits = 0;
  std::memcpy(&bits, at, size);
  if (size == 8 &&
      (type.find("(*") != std::string::npos || (scalar && scalar->kind == Kind::kCode)))
    return code_value(bits);
  return integer_value(bits, size, scalar && scalar->size == size ? scalar->kind : Kind::kUnsigned);
}

} // namespace perdure
