// SPDX-License-Identifier: Apache-2.0
//
// Entries of the metadata's tables (type_table.h, pin_table.h): a fixed part, NUL-terminated texts
// that it names by their offset from the entry's start, zeros up to a multiple of 8.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace perdure {

// The texts of an entry. Each has its own bytes, so all of them are no longer than the entry: many
// fields that share one long text would take memory without end.
class EntryTexts {
public:
  EntryTexts(const std::byte *entry, uint32_t bytes) : entry_(entry), bytes_(bytes), rest_(bytes) {}
  // The text at OFFSET in the entry; false if it does not end there.
  bool at(uint32_t offset, std::string &text) {
    if (offset >= bytes_)
      return false;
    const auto *begin = reinterpret_cast<const char *>(entry_) + offset;
    const uint32_t most = std::min(bytes_ - offset, rest_);
    const size_t length = strnlen(begin, most);
    if (length == most)
      return false;
    rest_ -= static_cast<uint32_t>(length + 1);
    text.assign(begin, length);
    return true;
  }

private:
  const std::byte *entry_;
  const uint32_t bytes_;
  uint32_t rest_; // bytes not yet taken by a text
};

// An entry under construction.
class EntryBytes {
public:
  explicit EntryBytes(size_t fixed) : bytes_(fixed) {}
  uint32_t add_text(const std::string &text) {
    const auto at = static_cast<uint32_t>(bytes_.size());
    const auto *begin = reinterpret_cast<const std::byte *>(text.c_str());
    bytes_.insert(bytes_.end(), begin, begin + text.size() + 1);
    return at;
  }
  void put(size_t offset, const void *data, size_t size) {
    std::memcpy(bytes_.data() + offset, data, size);
  }
  // After the last text; returns the entry's size.
  uint32_t pad() {
    bytes_.resize((bytes_.size() + 7) / 8 * 8);
    return static_cast<uint32_t>(bytes_.size());
  }
  std::vector<std::byte> &bytes() { return bytes_; }

private:
  std::vector<std::byte> bytes_;
};

} // namespace perdure
