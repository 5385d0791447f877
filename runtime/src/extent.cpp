// SPDX-License-Identifier: Apache-2.0
//
// Unit runs; see extent.h.
#include "extent.h"
#include <cstring>

namespace perdure {

namespace {

uint64_t run_mask(uint32_t unit, uint32_t units) { return ((1ull << units) - 1) << unit; }

uint32_t longest_run(uint64_t mask) {
  uint32_t length = 0;
  for (; mask != 0; mask &= mask << 1)
    ++length;
  return length;
}

// The units at which a run of UNITS free ones starts.
uint64_t run_starts(uint64_t mask, uint32_t units) {
  uint64_t starts = mask;
  for (uint32_t i = 1; i < units && starts != 0; ++i)
    starts &= mask >> i;
  return starts;
}

uint64_t aligned_units(uint32_t align_units) {
  uint64_t mask = 0;
  for (uint32_t unit = 0; unit < kUnitsPerSegment; unit += align_units)
    mask |= 1ull << unit;
  return mask;
}

bool is_zero(const SegmentHeader &header) {
  const auto *bytes = reinterpret_cast<const char *>(&header);
  return bytes[0] == 0 && std::memcmp(bytes, bytes + 1, sizeof header - 1) == 0;
}

} // namespace

ExtentMap::ExtentMap(const HeapImage &image, SegmentTable &segments, HeapState &state)
    : image_(image), segments_(segments), state_(state) {
  std::fill(std::begin(lists_), std::end(lists_), kNoSegment);
}

void ExtentMap::link(uint32_t segment) {
  SegmentState &state = state_.segment(segment);
  uint32_t &head = lists_[state.longest_run];
  state.next = head;
  state.previous = kNoSegment;
  if (head != kNoSegment)
    state_.segment(head).previous = segment;
  head = segment;
  nonempty_ |= 1ull << state.longest_run;
}

void ExtentMap::unlink(uint32_t segment) {
  SegmentState &state = state_.segment(segment);
  if (state.next != kNoSegment)
    state_.segment(state.next).previous = state.previous;
  if (state.previous != kNoSegment)
    state_.segment(state.previous).next = state.next;
  else
    lists_[state.longest_run] = state.next;
  if (lists_[state.longest_run] == kNoSegment)
    nonempty_ &= ~(1ull << state.longest_run);
}

void ExtentMap::set_free_units(uint32_t segment, uint64_t mask) {
  unlink(segment);
  state_.segment(segment).free_units = mask;
  state_.segment(segment).longest_run = longest_run(mask);
  link(segment);
}

void ExtentMap::attach_segment(uint32_t segment) {
  uint64_t mask = 0;
  for (uint32_t unit = 1; unit < kUnitsPerSegment; ++unit)
    if (image_.descriptor(segment, unit).kind == UnitKind::kFree)
      mask |= 1ull << unit;
  state_.segment(segment).free_units = mask;
  state_.segment(segment).longest_run = longest_run(mask);
  link(segment);
  if (mask == run_mask(1, kExtentUnitsMax))
    empty_segment_ = segment;
}

bool ExtentMap::add_segment() {
  bool fresh = false;
  uint32_t segment = segments_.take_for_units(&fresh);
  if (segment == kNoSegment)
    return false;
  SegmentHeader &header = image_.segment_header(segment);
  // A large extent, or blocks, lay here before; or the image is damaged past the frontier.
  const bool clean = fresh && is_zero(header);
  if (!clean)
    std::memset(static_cast<void *>(&header), 0, sizeof header);
  header.magic = kSegmentMagic;
  header.index = segment;
  image_.set_descriptor(segment, 0, {UnitKind::kHeader, 0, 0, 0, 0});
  image_.record(&header, clean ? offsetof(SegmentHeader, units[1]) : sizeof header);
  segments_.publish_units(segment);
  state_.segment(segment).free_units = run_mask(1, kExtentUnitsMax);
  state_.segment(segment).longest_run = kExtentUnitsMax;
  link(segment);
  return true;
}

// A segment with a free run of UNITS or more, the shortest there is.
uint32_t ExtentMap::find(uint32_t units) {
  uint64_t fitting = nonempty_ & (~0ull << units);
  if (fitting == 0) {
    if (!add_segment())
      return kNoSegment;
    fitting = nonempty_ & (~0ull << units);
  }
  return lists_[std::countr_zero(fitting)];
}

void ExtentMap::describe(UnitRun run, UnitDescriptor first) {
  image_.set_descriptor(run.segment, run.unit, first);
  for (uint32_t i = 1; i < first.units; ++i)
    image_.set_descriptor(run.segment, run.unit + i,
                          {UnitKind::kTail, 0, 0, static_cast<uint8_t>(i), 0});
  image_.record(&image_.segment_header(run.segment).units[run.unit],
                first.units * sizeof(UnitDescriptor));
}

void ExtentMap::clear(UnitRun run, uint32_t units) {
  for (uint32_t i = 0; i < units; ++i)
    image_.set_descriptor(run.segment, run.unit + i, {});
  image_.record(&image_.segment_header(run.segment).units[run.unit],
                units * sizeof(UnitDescriptor));
}

bool ExtentMap::take(UnitDescriptor first, uint32_t align_units, UnitRun *run) {
  // A run this much longer holds an aligned one wherever it starts.
  uint32_t segment = find(first.units + align_units - 1);
  if (segment == kNoSegment)
    return false;
  uint64_t free_units = state_.segment(segment).free_units;
  uint64_t starts = run_starts(free_units, first.units) & aligned_units(align_units);
  run->segment = segment;
  run->unit = static_cast<uint32_t>(std::countr_zero(starts));
  describe(*run, first);
  set_free_units(segment, free_units & ~run_mask(run->unit, first.units));
  if (segment == empty_segment_)
    empty_segment_ = kNoSegment;
  return true;
}

// One empty segment is kept, so that a program that allocates and frees its only large object over
// and over does not build and drop a segment each time.
void ExtentMap::release(UnitRun run) {
  uint32_t units = image_.descriptor(run.segment, run.unit).units;
  clear(run, units);
  uint64_t mask = state_.segment(run.segment).free_units | run_mask(run.unit, units);
  set_free_units(run.segment, mask);
  if (mask != run_mask(1, kExtentUnitsMax))
    return;
  if (empty_segment_ == kNoSegment) {
    empty_segment_ = run.segment;
    return;
  }
  drop_segment(run.segment);
}

void ExtentMap::drop_segment(uint32_t segment) {
  unlink(segment);
  state_.segment(segment).free_units = 0;
  segments_.release_units(segment);
}

void ExtentMap::release_empty() {
  while (lists_[kExtentUnitsMax] != kNoSegment)
    drop_segment(lists_[kExtentUnitsMax]);
  empty_segment_ = kNoSegment;
}

bool ExtentMap::resize(UnitRun run, uint32_t units) {
  UnitDescriptor first = image_.descriptor(run.segment, run.unit);
  uint64_t free_units = state_.segment(run.segment).free_units;
  uint32_t old_units = first.units;
  if (units > kUnitsPerSegment - run.unit)
    return false;
  first.units = static_cast<uint8_t>(units);
  if (units > old_units) {
    uint64_t added = run_mask(run.unit + old_units, units - old_units);
    if ((free_units & added) != added)
      return false;
    describe(run, first);
    set_free_units(run.segment, free_units & ~added);
  } else if (units < old_units) {
    clear({run.segment, run.unit + units}, old_units - units);
    image_.set_descriptor(run.segment, run.unit, first);
    image_.record(&image_.segment_header(run.segment).units[run.unit], sizeof(UnitDescriptor));
    set_free_units(run.segment, free_units | run_mask(run.unit + units, old_units - units));
  }
  return true;
}

} // namespace perdure
