// SPDX-License-Identifier: Apache-2.0
//
// From an address to the block around it, in O(1) and without a lock: segment table entry, unit
// descriptor (at most two), block index by multiplication.
#pragma once

#include "heap_image.h"
#include "size_class.h"

namespace perdure {

enum class BlockKind : uint8_t { kNone, kSlab, kExtent, kLarge };

struct BlockPlace {
  BlockKind kind = BlockKind::kNone;
  uint32_t segment = 0; // first
  uint32_t unit = 0;    // first; kSlab, kExtent
  uint32_t size_class = 0;
  uint32_t index = 0; // in the slab; its bit tells whether the block is live
  std::byte *start = nullptr;
  size_t size = 0;
};

inline BlockPlace place_in_units(const HeapImage &image, uint32_t segment, uint32_t unit,
                                 const std::byte *address) {
  UnitDescriptor first = image.descriptor(segment, unit);
  if (first.kind == UnitKind::kTail) {
    unit -= first.distance;
    first = image.descriptor(segment, unit);
  }
  std::byte *start = image.unit(segment, unit);
  if (first.kind == UnitKind::kExtent)
    return {BlockKind::kExtent, segment, unit, 0, 0, start, first.units * kUnitSize};
  if (first.kind != UnitKind::kSlab)
    return {};
  const SizeClass &size_class = kSizeClasses[first.size_class];
  uint32_t index = block_index(size_class, static_cast<uint64_t>(address - start));
  if (index >= size_class.block_count)
    return {};
  return {BlockKind::kSlab,     segment, unit,
          first.size_class,     index,   start + uint64_t{index} * size_class.block_size,
          size_class.block_size};
}

// REQUIRES: the metadata has been checked (attached to, or written by this run).
inline BlockPlace place_of(const HeapImage &image, const void *address) {
  uint64_t offset = image.heap_offset(address);
  if (offset >= image.segment_count() * kSegmentSize)
    return {};
  auto segment = static_cast<uint32_t>(offset / kSegmentSize);
  SegmentEntry entry = image.entry(segment);
  if (entry.kind == SegmentKind::kUnits)
    return place_in_units(image, segment,
                          static_cast<uint32_t>(offset / kUnitSize % kUnitsPerSegment),
                          static_cast<const std::byte *>(address));
  if (entry.kind == SegmentKind::kLargeTail) {
    segment -= entry.value;
    entry = image.entry(segment);
  }
  if (entry.kind != SegmentKind::kLarge ||
      offset - segment * kSegmentSize >= entry.value * kPageSize)
    return {};
  return {BlockKind::kLarge, segment, 0, 0, 0, image.segment(segment), entry.value * kPageSize};
}

inline bool is_live(const HeapImage &image, const BlockPlace &place) {
  if (place.kind != BlockKind::kSlab)
    return place.kind != BlockKind::kNone;
  uint64_t &word = image.segment_header(place.segment).bitmaps[place.unit][place.index / 64];
  return word_ref(word).load(std::memory_order_acquire) >> place.index % 64 & 1;
}

} // namespace perdure
