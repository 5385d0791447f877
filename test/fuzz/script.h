// SPDX-License-Identifier: Apache-2.0
//
// Reads a fuzzer's input as a script: small numbers, texts and patches, taken one after the other.
// Past the end everything is 0 or empty, so that every input is a whole script. A patch overwrites
// bytes of one of a target's areas: structures that a reader of a hostile pool looks at, not the
// zeros between them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

namespace perdure::fuzz {

class Script {
public:
  Script(const uint8_t *data, size_t size) : rest_(data, size) {}

  bool done() const { return rest_.empty(); }
  template <typename T> T number() {
    T value{};
    const auto bytes = take(sizeof value);
    std::memcpy(&value, bytes.data(), bytes.size());
    return value;
  }
  // The next SIZE bytes, or what is left.
  std::span<const uint8_t> take(size_t size) {
    const auto taken = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  // A length (1 byte), then that many bytes.
  std::string text() {
    const auto bytes = take(number<uint8_t>());
    return {bytes.begin(), bytes.end()};
  }

private:
  std::span<const uint8_t> rest_;
};

// Bytes [begin, begin + size) of an image or file.
struct Area {
  uint64_t begin;
  uint64_t size;
};

struct Patch {
  uint64_t offset;
  std::span<const uint8_t> bytes;
};

// An area (1 byte), an offset in it (2 bytes), a length (1 byte), and the bytes.
inline Patch read_patch(Script &script, std::span<const Area> areas) {
  const Area &area = areas[script.number<uint8_t>() % areas.size()];
  const uint64_t offset = script.number<uint16_t>() % area.size;
  const auto bytes = script.take(script.number<uint8_t>());
  return {area.begin + offset, bytes.first(std::min<uint64_t>(bytes.size(), area.size - offset))};
}

} // namespace perdure::fuzz
