// SPDX-License-Identifier: Apache-2.0
//
// The persistent-memory domain over mapped memory: whole lines are written with non-temporal
// stores, and persist() is one store fence. MEMORY has the instructions: libpmem's in production,
// inlined (persist_pmem.cpp), and the simulated ones in crash tests (persist_simulated).
#pragma once

#include "check.h"
#include "durability_step.h"
#include "persist.h"
#include <algorithm>
#include <cerrno>
#include <cstring>

namespace perdure {

// MEMORY: base(), size(); stream() and stream_zeros(), which go past the cache; fence(), which
// makes what was streamed durable; extend(), sync_size(), map_again() for a file that grows, each 0
// or an errno value; domain().
template <typename Memory> class PmemFile final : public StableFile {
public:
  PmemFile(std::string path, Memory memory)
      : StableFile(std::move(path)), memory_(std::move(memory)) {}

  // Whole lines only: a partly written line would be read from memory first, and libpmem would
  // flush instead of stream its ends.
  Status write(uint64_t offset, std::span<const std::byte> head,
               std::span<const std::byte> body) override {
    const uint64_t total = head.size() + body.size();
    const uint64_t padded = (total + kLine - 1) / kLine * kLine;
    PERDURE_CHECK(offset % kLine == 0 && offset <= size() && padded <= size() - offset,
                  "write outside the mapped log");
    alignas(kLine) std::byte lines[kSmall];
    PERDURE_CHECK(head.size() <= kSmall || body.empty(), "head too long");
    std::byte *to = memory_.base() + offset;
    if (body.empty())
      return stream(to, head, lines), Status::ok();
    // Head and the start of the body share lines; the rest is streamed from where it is.
    const uint64_t shared = padded <= kSmall ? total : (head.size() + kLine - 1) / kLine * kLine;
    std::memcpy(lines, head.data(), head.size());
    std::memcpy(lines + head.size(), body.data(), shared - head.size());
    const uint64_t first = (shared + kLine - 1) / kLine * kLine;
    std::memset(lines + shared, 0, first - shared);
    put(to, lines, first);
    stream(to + first, body.subspan(shared - head.size()), lines);
    return Status::ok();
  }

  Status persist() override {
    if (takes(Step::kFence))
      memory_.fence();
    return Status::ok();
  }

  Status read(uint64_t offset, std::span<std::byte> into) const override {
    const uint64_t there = offset < size() ? std::min<uint64_t>(into.size(), size() - offset) : 0;
    std::memcpy(into.data(), memory_.base() + offset, there);
    std::memset(into.data() + there, 0, into.size() - there);
    return Status::ok();
  }

  uint64_t size() const override { return memory_.size(); }

  Status resize(uint64_t size) override {
    int error = memory_.extend(path(), size);
    if (error == 0 && takes(Step::kMemoryGrown))
      error = memory_.sync_size(path());
    if (error == 0)
      error = memory_.map_again(path());
    return error == 0 ? Status::ok() : io_error("grow", error);
  }

  Status reserve(uint64_t, uint64_t) override { return Status::ok(); }

  Status zero(uint64_t offset, uint64_t size) override {
    memory_.stream_zeros(memory_.base() + offset, size);
    return Status::ok();
  }

  uint32_t write_alignment() const override { return kLine; }
  Domain domain() const override { return memory_.domain(); }

private:
  static constexpr uint64_t kLine = 64;    // bytes of a cache line
  static constexpr uint64_t kSmall = 4096; // bytes put together on the stack before they go out

  // BYTES at the line TO, the last line padded with zeros through LAST.
  void stream(std::byte *to, std::span<const std::byte> bytes, std::byte *last) {
    const uint64_t whole = bytes.size() / kLine * kLine;
    if (whole != 0)
      put(to, bytes.data(), whole);
    const uint64_t rest = bytes.size() - whole;
    if (rest == 0)
      return;
    std::memcpy(last, bytes.data() + whole, rest);
    std::memset(last + rest, 0, kLine - rest);
    put(to + whole, last, kLine);
  }

  void put(std::byte *to, const std::byte *from, uint64_t size) {
    if (takes(Step::kLinesStreamed))
      memory_.stream(to, from, size);
    else
      std::memcpy(to, from, size);
  }

  Memory memory_;
};

} // namespace perdure
