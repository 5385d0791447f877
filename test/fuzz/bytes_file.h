// SPDX-License-Identifier: Apache-2.0
//
// A file of a pool as bytes in memory, always durable: a fuzz target changes BYTES and opens it.
#pragma once

#include "persist.h"
#include <algorithm>
#include <cstring>
#include <vector>

namespace perdure::fuzz {

class BytesFile final : public StableFile {
public:
  BytesFile(std::string name, std::vector<std::byte> &bytes, uint32_t alignment)
      : StableFile(std::move(name)), bytes_(bytes), alignment_(alignment) {}

  Status write(uint64_t offset, std::span<const std::byte> head,
               std::span<const std::byte> body) override {
    put(offset, head);
    put(offset + head.size(), body);
    const uint64_t end = offset + head.size() + body.size();
    put(end, std::vector<std::byte>((alignment_ - end % alignment_) % alignment_));
    return Status::ok();
  }
  Status persist() override { return Status::ok(); }
  Status read(uint64_t offset, std::span<std::byte> into) const override {
    const uint64_t held = offset < bytes_.size() ? bytes_.size() - offset : 0;
    const uint64_t part = std::min<uint64_t>(held, into.size());
    if (part != 0)
      std::memcpy(into.data(), bytes_.data() + offset, part);
    if (part < into.size())
      std::memset(into.data() + part, 0, into.size() - part);
    return Status::ok();
  }
  uint64_t size() const override { return bytes_.size(); }
  Status resize(uint64_t size) override {
    bytes_.resize(size);
    return Status::ok();
  }
  Status reserve(uint64_t, uint64_t) override { return Status::ok(); }
  Status zero(uint64_t, uint64_t) override { return Status::ok(); }
  uint32_t write_alignment() const override { return alignment_; }
  Domain domain() const override { return Domain::kBufferedFile; }

private:
  void put(uint64_t offset, std::span<const std::byte> from) {
    if (bytes_.size() < offset + from.size())
      bytes_.resize(offset + from.size());
    std::ranges::copy(from, bytes_.begin() + static_cast<ptrdiff_t>(offset));
  }

  std::vector<std::byte> &bytes_;
  const uint32_t alignment_;
};

} // namespace perdure::fuzz
