// SPDX-License-Identifier: Apache-2.0
//
// Visits every live block in address order, from the durable metadata alone.
#pragma once

#include "heap_image.h"
#include "size_class.h"

namespace perdure {

template <typename Visit>
void walk_slab(const HeapImage &image, uint32_t segment, uint32_t unit, uint32_t class_index,
               Visit &&visit) {
  const SizeClass &size_class = kSizeClasses[class_index];
  for (uint32_t word = 0; word < bitmap_words(size_class); ++word) {
    uint64_t bits =
        word_ref(image.segment_header(segment).bitmaps[unit][word]).load(std::memory_order_acquire);
    for (; bits != 0; bits &= bits - 1) {
      uint64_t index = word * 64 + static_cast<uint32_t>(std::countr_zero(bits));
      visit(image.unit(segment, unit) + index * size_class.block_size, size_class.block_size);
    }
  }
}

// REQUIRES: the metadata has been checked, and does not change meanwhile.
template <typename Visit> void walk_blocks(const HeapImage &image, Visit &&visit) {
  for (uint32_t segment = 0; segment < image.header().frontier; ++segment) {
    SegmentEntry entry = image.entry(segment);
    if (entry.kind == SegmentKind::kLarge)
      visit(image.segment(segment), entry.value * kPageSize);
    if (entry.kind != SegmentKind::kUnits)
      continue;
    for (uint32_t unit = 1; unit < kUnitsPerSegment; ++unit) {
      UnitDescriptor first = image.descriptor(segment, unit);
      if (first.kind == UnitKind::kExtent)
        visit(image.unit(segment, unit), first.units * kUnitSize);
      if (first.kind == UnitKind::kSlab)
        walk_slab(image, segment, unit, first.size_class, visit);
    }
  }
}

} // namespace perdure
