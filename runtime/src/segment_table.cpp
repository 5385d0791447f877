// SPDX-License-Identifier: Apache-2.0
//
// Segment runs and large extents; see segment_table.h.
#include "segment_table.h"

namespace perdure {

namespace {

uint32_t segments_of(uint64_t bytes) {
  return static_cast<uint32_t>((bytes + kSegmentSize - 1) / kSegmentSize);
}

uint64_t round_to_pages(uint64_t bytes) { return (bytes + kPageSize - 1) / kPageSize * kPageSize; }

uint64_t large_size(SegmentEntry entry) { return entry.value * kPageSize; }

SegmentEntry large_entry(uint64_t bytes) {
  return {SegmentKind::kLarge, {}, static_cast<uint32_t>(bytes / kPageSize)};
}

} // namespace

void SegmentTable::set_limit(uint64_t limit_bytes) {
  limit_bytes_ = limit_bytes;
  uint64_t segments = limit_bytes / kSegmentSize + (limit_bytes % kSegmentSize != 0);
  limit_segments_ = static_cast<uint32_t>(std::min<uint64_t>(segments, image_.segment_count()));
}

void SegmentTable::format(uint64_t limit_bytes) {
  HeapHeader &header = image_.header();
  header.magic = kHeapMagic;
  header.version = kHeapVersion;
  header.limit_bytes = limit_bytes;
  image_.record(&header, offsetof(HeapHeader, reserved));
  set_limit(limit_bytes);
}

void SegmentTable::attach(uint64_t limit_bytes) {
  set_limit(limit_bytes ? limit_bytes : image_.header().limit_bytes);
  uint32_t run = 0;
  for (uint32_t i = 0; i < frontier(); ++i) {
    if (image_.entry(i).kind == SegmentKind::kFree) {
      ++run;
      continue;
    }
    if (run != 0)
      free_runs_[i - run] = run;
    run = 0;
    ++used_segments_;
  }
  if (run != 0)
    free_runs_[frontier() - run] = run;
}

// Best fit among the free runs, else where the space up to the frontier and past it begins.
uint32_t SegmentTable::find(uint32_t count) const {
  uint32_t best = kNoSegment, best_count = ~0u;
  uint32_t last_start = frontier();
  for (auto [start, run] : free_runs_) {
    if (run >= count && run < best_count && start + count <= limit_segments_) {
      best = start;
      best_count = run;
    }
    if (start + run == frontier())
      last_start = start;
  }
  if (best != kNoSegment)
    return best;
  return count <= limit_segments_ && last_start <= limit_segments_ - count ? last_start
                                                                           : kNoSegment;
}

// Takes [start, start + count) if all of it is free. Nothing has changed when it fails.
bool SegmentTable::claim(uint32_t start, uint32_t count, uint64_t reserve_bytes) {
  uint32_t end = start + count;
  if (end > limit_segments_ || start > frontier())
    return false;
  auto run = free_runs_.upper_bound(start);
  if (start < frontier()) {
    if (run == free_runs_.begin())
      return false;
    --run;
    if (std::min(end, frontier()) > run->first + run->second)
      return false;
  }
  if (!image_.reserve(start, reserve_bytes))
    return false;
  if (start < frontier()) {
    auto [run_start, run_count] = *run;
    free_runs_.erase(run);
    if (run_start < start)
      free_runs_[run_start] = start - run_start;
    if (run_start + run_count > end)
      free_runs_[end] = run_start + run_count - end;
  }
  if (end > frontier()) {
    image_.header().frontier = end;
    image_.record(&image_.header().frontier, sizeof(uint64_t));
  }
  used_segments_ += count;
  return true;
}

void SegmentTable::release(uint32_t start, uint32_t count) {
  for (uint32_t i = start; i < start + count; ++i)
    image_.set_entry(i, {});
  image_.record(&image_.entry_word(start), count * sizeof(SegmentEntry));
  used_segments_ -= count;
  auto next = free_runs_.lower_bound(start);
  if (next != free_runs_.end() && next->first == start + count) {
    count += next->second;
    next = free_runs_.erase(next);
  }
  if (next != free_runs_.begin()) {
    auto previous = std::prev(next);
    if (previous->first + previous->second == start) {
      previous->second += count;
      return;
    }
  }
  free_runs_[start] = count;
}

uint32_t SegmentTable::take_for_units(bool *fresh) {
  uint32_t segment = find(1);
  if (segment == kNoSegment)
    return kNoSegment;
  *fresh = segment >= frontier();
  return claim(segment, 1, kSegmentSize) ? segment : kNoSegment;
}

void SegmentTable::publish_units(uint32_t segment) {
  image_.set_entry(segment, {SegmentKind::kUnits, {}, 0});
  image_.record(&image_.entry_word(segment), sizeof(SegmentEntry));
}

uint32_t SegmentTable::take_large(uint64_t size) {
  if (size > image_.segment_count() * kSegmentSize)
    return kNoSegment;
  uint64_t bytes = round_to_pages(size);
  uint32_t count = segments_of(bytes);
  uint32_t start = find(count);
  if (start == kNoSegment || !claim(start, count, bytes))
    return kNoSegment;
  image_.set_entry(start, large_entry(bytes));
  for (uint32_t i = 1; i < count; ++i)
    image_.set_entry(start + i, {SegmentKind::kLargeTail, {}, i});
  image_.record(&image_.entry_word(start), count * sizeof(SegmentEntry));
  return start;
}

void SegmentTable::release_large(uint32_t segment) {
  release(segment, segments_of(large_size(image_.entry(segment))));
}

bool SegmentTable::resize_large(uint32_t segment, uint64_t size) {
  if (size > image_.segment_count() * kSegmentSize)
    return false;
  uint64_t bytes = round_to_pages(size);
  uint64_t old_bytes = large_size(image_.entry(segment));
  uint32_t count = segments_of(bytes), old_count = segments_of(old_bytes);
  if (count > old_count) {
    // The last segment's unused pages need disk space too: reserve from the old end on.
    if (!image_.reserve(segment + old_count - 1, kSegmentSize) ||
        !claim(segment + old_count, count - old_count, bytes - old_count * kSegmentSize))
      return false;
    for (uint32_t i = old_count; i < count; ++i)
      image_.set_entry(segment + i, {SegmentKind::kLargeTail, {}, i});
    image_.record(&image_.entry_word(segment + old_count),
                  (count - old_count) * sizeof(SegmentEntry));
  } else if (bytes > old_bytes) {
    if (!image_.reserve(segment + count - 1, bytes - (count - 1) * kSegmentSize))
      return false;
  } else if (count < old_count) {
    release(segment + count, old_count - count);
  }
  image_.set_entry(segment, large_entry(bytes));
  image_.record(&image_.entry_word(segment), sizeof(SegmentEntry));
  return true;
}

uint32_t SegmentTable::indexed_free_segments() const {
  uint32_t count = 0;
  for (auto [start, run] : free_runs_)
    count += run;
  return count;
}

} // namespace perdure
