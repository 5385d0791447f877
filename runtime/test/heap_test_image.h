// SPDX-License-Identifier: Apache-2.0
//
// A pool image for heap tests. The heap works on a private mapping of a file in memory; only bytes
// that were recorded reach the file, so restart() yields exactly what a crash would leave: a store
// that was not recorded is gone.
#pragma once

#include "heap.h"
#include "heap_format.h"
#include <atomic>
#include <cstring>
#include <gtest/gtest.h>
#include <memory>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

namespace perdure {

class TestImage {
public:
  explicit TestImage(uint32_t segments = 64) : TestImage(segments, memfd_create("image", 0)) {}
  ~TestImage() {
    munmap(mapping_, bytes_ + kSegmentSize);
    munmap(durable_, bytes_);
    munmap(recorded_, bytes_ / 64);
    close(file_);
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
  // An epoch ends: what was recorded since the last one becomes durable.
  void cut() {
    cut(0, kMetadataEnd);
    cut(kHeapOffset, bytes_);
  }
  // What a new run finds.
  std::unique_ptr<TestImage> restart() {
    cut();
    auto segments = static_cast<uint32_t>(reserved_.size() * kPageSize / kSegmentSize);
    std::unique_ptr<TestImage> next(new TestImage(segments, dup(file_)));
    next->reserved_ = reserved_;
    return next;
  }
  // Whether [offset, offset + size) is durable as it is.
  bool is_durable(uint64_t offset, uint64_t size) const {
    return std::memcmp(base_ + offset, durable_ + offset, size) == 0;
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
    if (current->record_at_once)
      std::memcpy(current->durable_ + offset, address, size);
    else
      for (uint64_t word = offset / 8; word < (offset + size) / 8; ++word)
        current->recorded_[word / 64].fetch_or(1ull << word % 64, std::memory_order_relaxed);
    current->record_bytes.fetch_add(size, std::memory_order_relaxed);
  }

  std::atomic<uint64_t> record_bytes = 0;
  bool disk_full = false;
  // Copies when recorded, not at the cut: a store that comes after its record, or has none while an
  // earlier one to the word had, is lost too. For one thread.
  bool record_at_once = false;

private:
  TestImage(uint32_t segments, int file)
      : bytes_(kHeapOffset + segments * kSegmentSize), file_(file),
        reserved_(segments * kSegmentSize / kPageSize) {
    EXPECT_EQ(ftruncate(file_, static_cast<off_t>(bytes_)), 0);
    constexpr int kAnonymous = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    mapping_ = map(nullptr, bytes_ + kSegmentSize, kAnonymous, -1);
    auto address = reinterpret_cast<uintptr_t>(mapping_) + kSegmentSize - 1;
    base_ = reinterpret_cast<std::byte *>(address / kSegmentSize * kSegmentSize);
    map(base_, bytes_, MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED, file_);
    durable_ = static_cast<std::byte *>(map(nullptr, bytes_, MAP_SHARED | MAP_NORESERVE, file_));
    recorded_ = static_cast<std::atomic<uint64_t> *>(map(nullptr, bytes_ / 64, kAnonymous, -1));
    current = this;
  }
  static void *map(void *address, size_t size, int flags, int file) {
    void *memory = mmap(address, size, PROT_READ | PROT_WRITE, flags, file, 0);
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
  void cut(uint64_t begin, uint64_t end) {
    for (uint64_t group = begin / 512; group < end / 512; ++group) {
      if (recorded_[group].load(std::memory_order_relaxed) == 0)
        continue;
      for (uint64_t bits = recorded_[group].exchange(0); bits != 0; bits &= bits - 1) {
        uint64_t offset = group * 512 + static_cast<uint64_t>(std::countr_zero(bits)) * 8;
        std::memcpy(durable_ + offset, base_ + offset, 8);
      }
    }
  }

  static inline TestImage *current;
  uint64_t bytes_;
  int file_;
  void *mapping_;
  std::byte *base_;                 // what the heap works on
  std::byte *durable_;              // the file
  std::atomic<uint64_t> *recorded_; // a bit per 8 bytes
  std::vector<uint8_t> reserved_;   // per page of the segments
};

inline std::string check_message(const Heap &heap) {
  Status status = heap.check();
  return status.is_ok() ? "" : status.message();
}

} // namespace perdure
