// SPDX-License-Identifier: Apache-2.0
//
// Segment contents: 8-byte words, word i of segment ID is ID * A + i * B, so the first two words of
// any fragment tell where it comes from.
#include "values.h"

#include <cstring>

namespace perdure_kill {
namespace {

constexpr uint64_t A = 0x9e3779b97f4a7c15u; // odd, so that the id can be computed back
constexpr uint64_t B = 0xd6e8feb86659fd93u;

uint64_t word_of(uint64_t id, uint64_t index) { return id * A + index * B; }

uint64_t inverse_of_a() {
  uint64_t x = A; // Newton: doubles the correct bits
  for (int i = 0; i < 6; ++i)
    x *= 2 - A * x;
  return x;
}

} // namespace

uint64_t bytes_of(const Segments &segments) {
  uint64_t sum = 0;
  for (const Segment &segment : segments)
    sum += segment.size;
  return sum;
}

void append_bytes(const Segment &segment, std::string &to) {
  size_t start = to.size();
  to.resize(start + segment.size);
  for (uint32_t offset = 0, i = 0; offset < segment.size; offset += 8, ++i) {
    uint64_t word = word_of(segment.id, i);
    memcpy(to.data() + start + offset, &word, std::min<uint32_t>(8, segment.size - offset));
  }
}

bool equal(const Segments &segments, std::string_view bytes) {
  if (bytes_of(segments) != bytes.size())
    return false;
  const char *at = bytes.data();
  for (const Segment &segment : segments) {
    for (uint32_t offset = 0, i = 0; offset < segment.size; offset += 8, ++i) {
      uint64_t word = word_of(segment.id, i);
      if (memcmp(at + offset, &word, std::min<uint32_t>(8, segment.size - offset)) != 0)
        return false;
    }
    at += segment.size;
  }
  return true;
}

std::optional<uint64_t> first_id(std::string_view bytes) {
  if (bytes.size() < 8)
    return std::nullopt;
  uint64_t first;
  memcpy(&first, bytes.data(), 8);
  uint64_t id = first * inverse_of_a();
  return id >> 48 == 0 ? std::optional(id) : std::nullopt;
}

std::string describe(std::string_view bytes) {
  std::string text = std::to_string(bytes.size()) + " bytes";
  if (bytes.size() < 8)
    return text;
  if (std::optional<uint64_t> id = first_id(bytes))
    return text + " starting with segment " + std::to_string(*id);
  return text + " of no known pattern, starting \"" + std::string(bytes.substr(0, 16)) + "\"";
}

std::string describe(const Segments &segments) {
  std::string text = std::to_string(bytes_of(segments)) + " bytes:";
  for (const Segment &segment : segments)
    text += " " + std::to_string(segment.id) + "x" + std::to_string(segment.size);
  return text;
}

} // namespace perdure_kill
