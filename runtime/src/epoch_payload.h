// SPDX-License-Identifier: Apache-2.0
//
// Reads an epoch's payload range by range. The checkpoint reads what this process wrote, recovery
// what a disk returned: every bound is checked. The writer is EpochRecord::add.
#pragma once

#include "log_format.h"
#include <cstring>
#include <span>

namespace perdure {

struct ImageRange {
  uint64_t offset; // in the image
  uint64_t length;
  const std::byte *data; // LENGTH bytes, or one if FILL
  bool fill;

  // Past the last byte that it sets to something: zeros are what a hole reads as.
  uint64_t high_water() const { return fill && *data == std::byte{0} ? 0 : offset + length; }
};

class EpochPayloadReader {
public:
  // LIMIT: bytes of the image; a range past it is unsound.
  EpochPayloadReader(std::span<const std::byte> payload, uint64_t limit)
      : rest_(payload), limit_(limit) {}

  // False at the end, and at the first unsound range: then sound() is false.
  bool next(ImageRange &range) {
    if (rest_.empty())
      return false;
    uint64_t word;
    if (rest_.size() < sizeof word)
      return sound_ = false;
    std::memcpy(&word, rest_.data(), sizeof word);
    range.offset = range_offset(word);
    range.length = range_length(word);
    range.fill = (word & kRangeFill) != 0;
    range.data = rest_.data() + sizeof word;
    const uint64_t bytes = sizeof word + (range.fill ? 1 : range.length);
    if (range.length == 0 || bytes > rest_.size() || range.offset >= limit_ ||
        range.length > limit_ - range.offset)
      return sound_ = false;
    rest_ = rest_.subspan(bytes);
    return true;
  }
  bool sound() const { return sound_; }

private:
  std::span<const std::byte> rest_;
  const uint64_t limit_;
  bool sound_ = true;
};

} // namespace perdure
