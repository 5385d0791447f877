// SPDX-License-Identifier: Apache-2.0
//
// Values that tell whose they are: number and version of the record, then words that follow from
// both. So every value that is read can be verified, and after a run each record's version.
#pragma once

#include "../key.h"
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace bench {

inline uint64_t word_of(uint64_t number, uint64_t version, size_t at) {
  return (number ^ version << 32) * 0xff51afd7ed558ccdu + at;
}

// SIZE: 16 bytes at least.
inline void fill_value(std::string &value, size_t size, uint64_t number, uint64_t version) {
  value.resize(size);
  std::memcpy(value.data(), &number, 8);
  std::memcpy(value.data() + 8, &version, 8);
  for (size_t at = 16; at < size; at += 8) {
    uint64_t word = word_of(number, version, at);
    std::memcpy(value.data() + at, &word, size - at < 8 ? size - at : 8);
  }
}

inline bool value_is_whole(std::string_view value, size_t size, uint64_t number,
                           uint64_t *version) {
  std::string expected;
  if (value.size() != size)
    return false;
  std::memcpy(version, value.data() + 8, 8);
  fill_value(expected, size, number, *version);
  return expected == value;
}

} // namespace bench
