// SPDX-License-Identifier: Apache-2.0
//
// Which segments are free: takes and gives back runs of them, and keeps large extents (blocks of
// whole segments). Durable state is the segment table and the frontier; the index of free runs is
// volatile and rebuilt by attaching. Best fit; the space past the frontier only when nothing fits.
// REQUIRES of every method that is not const: the heap's lock is held.
#pragma once

#include "heap_image.h"
#include "heap_state.h"
#include <functional>
#include <map>

namespace perdure {

inline constexpr uint32_t kNoSegment = ~0u;

class SegmentTable {
public:
  explicit SegmentTable(const HeapImage &image) : image_(image) {}

  void format(uint64_t limit_bytes);
  // Builds the index. REQUIRES: the table has been checked.
  void attach(uint64_t limit_bytes);

  // One segment, to be divided into units; kNoSegment if there is none. FRESH: its bytes are zero.
  // Counts as free to lookups until its header is written and it is published.
  uint32_t take_for_units(bool *fresh);
  void publish_units(uint32_t segment);
  void release_units(uint32_t segment) { release(segment, 1); }

  // A block of SIZE bytes that starts at a segment; kNoSegment if it does not fit.
  uint32_t take_large(uint64_t size);
  void release_large(uint32_t segment);
  bool resize_large(uint32_t segment, uint64_t size);

  uint64_t limit_bytes() const { return limit_bytes_; }
  uint32_t used_segments() const { return used_segments_; }
  // Number of free segments below the frontier, by the index.
  uint32_t indexed_free_segments() const;

private:
  uint32_t frontier() const { return static_cast<uint32_t>(image_.header().frontier); }
  void set_limit(uint64_t limit_bytes);
  uint32_t find(uint32_t count) const;
  bool claim(uint32_t start, uint32_t count, uint64_t reserve_bytes);
  void release(uint32_t start, uint32_t count);

  const HeapImage &image_;
  uint64_t limit_bytes_ = 0;
  uint32_t limit_segments_ = 0;
  uint32_t used_segments_ = 0;
  // Start -> count, below the frontier, never adjacent.
  std::map<uint32_t, uint32_t, std::less<>, LibcAllocator<std::pair<const uint32_t, uint32_t>>>
      free_runs_;
};

} // namespace perdure
