// SPDX-License-Identifier: Apache-2.0
//
// Typed access to the heap's metadata in the pool. Metadata words are read without a lock (address
// lookups, remote frees), so each is loaded and stored atomically; who may store which is said in
// segment_table, extent and slab.
#pragma once

#include "heap.h"
#include "heap_format.h"
#include <algorithm>
#include <atomic>

namespace perdure {

inline std::atomic_ref<uint64_t> word_ref(uint64_t &word) { return std::atomic_ref(word); }

class HeapImage {
public:
  HeapImage(std::byte *base, HeapHost host, uint64_t slot_bytes)
      : base_(base), host_(host),
        segment_count_(slot_bytes <= kHeapOffset
                           ? 0
                           : std::min<uint64_t>((slot_bytes - kHeapOffset) / kSegmentSize,
                                                kSegmentCountMax)) {}

  uint32_t segment_count() const { return segment_count_; } // that are mapped
  HeapHeader &header() const { return *reinterpret_cast<HeapHeader *>(base_ + kHeapHeaderOffset); }

  uint64_t &entry_word(uint32_t segment) const {
    return reinterpret_cast<uint64_t *>(base_ + kSegmentTableOffset)[segment];
  }
  SegmentEntry entry(uint32_t segment) const {
    return std::bit_cast<SegmentEntry>(
        word_ref(entry_word(segment)).load(std::memory_order_acquire));
  }
  void set_entry(uint32_t segment, SegmentEntry entry) const {
    word_ref(entry_word(segment)).store(to_word(entry), std::memory_order_release);
  }

  std::byte *segment(uint32_t segment) const {
    return base_ + kHeapOffset + segment * kSegmentSize;
  }
  SegmentHeader &segment_header(uint32_t index) const {
    return *reinterpret_cast<SegmentHeader *>(segment(index));
  }
  std::byte *unit(uint32_t index, uint32_t unit) const { return segment(index) + unit * kUnitSize; }
  UnitDescriptor descriptor(uint32_t index, uint32_t unit) const {
    return std::bit_cast<UnitDescriptor>(
        word_ref(segment_header(index).units[unit]).load(std::memory_order_acquire));
  }
  void set_descriptor(uint32_t index, uint32_t unit, UnitDescriptor descriptor) const {
    word_ref(segment_header(index).units[unit])
        .store(to_word(descriptor), std::memory_order_release);
  }

  // Offset of ADDRESS in the segments; at least segment_count() * kSegmentSize if it is elsewhere.
  uint64_t heap_offset(const void *address) const {
    return static_cast<uint64_t>(static_cast<const std::byte *>(address) - base_) - kHeapOffset;
  }

  void record(const void *address, size_t size) const { host_.record(address, size); }
  bool reserve(uint32_t segment, uint64_t size) const {
    return host_.reserve(kHeapOffset + segment * kSegmentSize, size);
  }

private:
  std::byte *base_;
  HeapHost host_;
  uint32_t segment_count_;
};

} // namespace perdure
