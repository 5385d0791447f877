// SPDX-License-Identifier: Apache-2.0
//
// A pool image in ordinary memory for heap tests. It notes which words were recorded and nothing
// else, so restart() yields exactly what a crash would leave: a store that was not recorded is
// gone.
#pragma once

#include "heap.h"
#include "heap_format.h"
#include <atomic>
#include <gtest/gtest.h>
#include <memory>
#include <sys/mman.h>
#include <vector>

namespace perdure {

class TestImage {
public:
  explicit TestImage(uint32_t segments = 64)
      : bytes_(kHeapOffset + segments * kSegmentSize),
        reserved_(segments * kSegmentSize / kPageSize) {
    size_t space = bytes_ + kSegmentSize;
    auto address = reinterpret_cast<uintptr_t>(map(space));
    base_ =
        reinterpret_cast<std::byte *>((address + kSegmentSize - 1) / kSegmentSize * kSegmentSize);
    mapping_ = reinterpret_cast<void *>(address);
    recorded_ = static_cast<std::atomic<uint64_t> *>(map(bytes_ / 64));
    current = this;
  }
  ~TestImage() {
    munmap(mapping_, bytes_ + kSegmentSize);
    munmap(recorded_, bytes_ / 64);
  }
  TestImage(const TestImage &) = delete;

  std::byte *base() const { return base_; }
  std::byte *segment(uint32_t index) const { return base_ + kHeapOffset + index * kSegmentSize; }
  uint64_t bytes() const { return bytes_; }
  HeapHeader &header() const { return *reinterpret_cast<HeapHeader *>(base_); }
  SegmentEntry &entry(uint32_t index) const {
    return reinterpret_cast<SegmentEntry *>(base_ + kSegmentTableOffset)[index];
  }
  SegmentHeader &segment_header(uint32_t index) const {
    return *reinterpret_cast<SegmentHeader *>(segment(index));
  }
  std::unique_ptr<Heap> heap() { return std::make_unique<Heap>(base_, host(), bytes_); }

  static HeapHost host() { return {&record, &reserve}; }
  // What a new run finds.
  std::unique_ptr<TestImage> restart() const {
    auto next = std::make_unique<TestImage>(reserved_.size() * kPageSize / kSegmentSize);
    copy_recorded(*next, 0, kMetadataEnd);
    copy_recorded(*next, kHeapOffset, bytes_);
    next->reserved_ = reserved_;
    return next;
  }
  bool is_reserved(const void *address, size_t size) const {
    uint64_t offset = static_cast<const std::byte *>(address) - segment(0);
    for (uint64_t page = offset / kPageSize; page * kPageSize < offset + size; ++page)
      if (!reserved_[page])
        return false;
    return true;
  }
  static void record(const void *address, size_t size) {
    uint64_t offset = static_cast<const std::byte *>(address) - current->base_;
    EXPECT_TRUE(offset % 8 == 0 && size % 8 == 0 && offset + size <= current->bytes_);
    for (uint64_t word = offset / 8; word < (offset + size) / 8; ++word)
      current->recorded_[word / 64].fetch_or(1ull << word % 64, std::memory_order_relaxed);
    current->record_bytes.fetch_add(size, std::memory_order_relaxed);
  }

  std::atomic<uint64_t> record_bytes = 0;
  bool disk_full = false;

private:
  static void *map(size_t size) {
    void *memory = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    EXPECT_NE(memory, MAP_FAILED);
    return memory;
  }
  static bool reserve(uint64_t offset, uint64_t size) { // under the heap's lock
    if (current->disk_full)
      return false;
    for (uint64_t page = (offset - kHeapOffset) / kPageSize;
         page * kPageSize < offset - kHeapOffset + size; ++page)
      current->reserved_.at(page) = 1;
    return true;
  }
  void copy_recorded(TestImage &to, uint64_t begin, uint64_t end) const {
    for (uint64_t group = begin / 512; group < end / 512; ++group) {
      uint64_t bits = recorded_[group].load(std::memory_order_relaxed);
      if (bits == 0)
        continue;
      to.recorded_[group].store(bits, std::memory_order_relaxed);
      for (uint64_t i = 0; i < 64; ++i)
        if (bits >> i & 1)
          reinterpret_cast<uint64_t *>(to.base_)[group * 64 + i] =
              reinterpret_cast<uint64_t *>(base_)[group * 64 + i];
    }
  }

  static inline TestImage *current;
  uint64_t bytes_;
  void *mapping_;
  std::byte *base_;
  std::atomic<uint64_t> *recorded_; // a bit per 8 bytes
  std::vector<uint8_t> reserved_;   // per page of the segments
};

inline std::string check_message(const Heap &heap) {
  Status status = heap.check();
  return status.is_ok() ? "" : status.message();
}

} // namespace perdure
