// SPDX-License-Identifier: Apache-2.0
//
// Runs of 64 KiB units inside segments: the space of slabs, and of medium extents (blocks of whole
// units). Durable state is the unit descriptors; a free-unit mask per segment and lists of segments
// by their longest free run are volatile. Best fit by longest run, first fit inside the segment.
// REQUIRES of every method: the heap's lock is held.
#pragma once

#include "heap_state.h"
#include "segment_table.h"

namespace perdure {

struct UnitRun {
  uint32_t segment;
  uint32_t unit;
};

inline constexpr uint32_t kExtentUnitsMax = kUnitsPerSegment - 1;

class ExtentMap {
public:
  ExtentMap(const HeapImage &image, SegmentTable &segments, HeapState &state);

  // Takes up segment SEGMENT, which is divided into units. REQUIRES: it has been checked.
  void attach_segment(uint32_t segment);

  // UNITS units in a row, the first at a multiple of ALIGN_UNITS in the segment, described by FIRST
  // and tails. UNITS + ALIGN_UNITS <= kUnitsPerSegment. False: no space, nothing changed.
  bool take(UnitDescriptor first, uint32_t align_units, UnitRun *run);
  void release(UnitRun run);
  // Changes the length of a medium extent in place.
  bool resize(UnitRun run, uint32_t units);
  // Gives back the segments in which nothing lies.
  void release_empty();

private:
  void set_free_units(uint32_t segment, uint64_t mask);
  void link(uint32_t segment);
  void unlink(uint32_t segment);
  uint32_t find(uint32_t units);
  bool add_segment();
  void drop_segment(uint32_t segment);
  void describe(UnitRun run, UnitDescriptor first);
  void clear(UnitRun run, uint32_t units);

  const HeapImage &image_;
  SegmentTable &segments_;
  HeapState &state_;
  uint64_t nonempty_ = 0;               // bit N: lists_[N] has a segment
  uint32_t lists_[kUnitsPerSegment];    // segments whose longest free run is N units
  uint32_t empty_segment_ = kNoSegment; // the one that is kept although nothing lies in it
};

} // namespace perdure
