// SPDX-License-Identifier: Apache-2.0
//
// The cache lines that the next cut copies, each with a bit per byte that was written, and a copy
// of the line taken ahead of the cut. Used by one cutter at a time.
//
// Copying ahead (as live migration copies memory ahead of the switch): an entry is published after
// its store, so a line stored to after it was copied has a new entry, is added again, and is copied
// again. With mutators stopped only those lines are left to copy.
//
// A line is found again by a cache of the lines added last, small enough to stay in the processor's
// first level, with all that adding needs in one line of it. A line that the cache has forgotten is
// added a second time: its later copy stands later in the record, and wins.
#pragma once

#include "epoch_record.h"
#include "mapped_memory.h"
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace perdure {

class LineSet {
public:
  // Adds [BEGIN, END), offsets from the base, and brings the lines near the calling processor: most
  // were written by another one, and each such miss costs as much as the rest of the work on it.
  void add(uint64_t begin, uint64_t end) {
    const uint64_t number = begin / kLine, first = begin % kLine, size = end - begin;
    if (__builtin_expect(first + size <= kLine && size != 0, 1))
      touch(number, ~0ull >> (kLine - size) << first);
    else
      add_lines(begin, end);
  }
  // What was written to [BEGIN, END) need not be copied after all. A hint: lines that the cache has
  // forgotten are.
  void forget(uint64_t begin, uint64_t end);
  // Copies the lines added (also: again) since the last call.
  void copy_added();
  // Appends the copies to RECORD. Written bytes of a line closer than a range's header go as one
  // range: the bytes between them were read at the same moment, so they are no less right.
  // REQUIRES: nothing was added since copy_added().
  void append_to(EpochRecord &record);

  bool empty() const { return lines_.empty(); }
  size_t size() const { return lines_.size(); }
  void clear();

private:
  static constexpr uint64_t kLine = 64;
  struct Line {
    uint64_t number;  // offset from the base / 64
    uint64_t written; // a bit per byte; what the cache still holds comes with remember()
  };
  struct alignas(kLine) Copy {
    Copy() {} // does not clear what is about to be overwritten
    std::byte bytes[kLine];
  };
  struct Recent {
    uint64_t tag;     // of which clear() the line is, and its number; 0: none
    uint64_t written; // a bit per byte
    uint32_t index;   // in lines_
    uint32_t round;   // of copying, that it was last added in
  };
  struct alignas(kLine) Bucket {
    Recent lines[2]; // the latest first
  };
  static constexpr size_t kBuckets = 512;
  static constexpr unsigned kNumberBits = 34; // of a 1 TiB slot's lines

  static size_t bucket_of(uint64_t number) { return (number ^ number / kBuckets) % kBuckets; }
  void touch(uint64_t number, uint64_t written) {
    Bucket &bucket = recent_[bucket_of(number)];
    const uint64_t tag = generation_ << kNumberBits | number;
    Recent *line = &bucket.lines[bucket.lines[0].tag != tag];
    if (line->tag != tag)
      return insert(bucket, number, written);
    line->written |= written;
    if (line->round == round_)
      return;
    line->round = round_;
    added_.push_back(line->index);
    prefetch(number);
  }
  bool is_current(const Recent &line) const { return line.tag >> kNumberBits == generation_; }
  static void prefetch(uint64_t number);
  void add_lines(uint64_t begin, uint64_t end);
  void insert(Bucket &bucket, uint64_t number, uint64_t written);
  void remember();

  std::vector<Line, MappedAllocator<Line>>
      lines_; // in the order they were first written: mostly that of addresses
  std::vector<Copy, MappedAllocator<Copy>> copies_;
  std::vector<uint32_t, MappedAllocator<uint32_t>> added_; // indexes of lines to copy
  std::array<Bucket, kBuckets> recent_ = {};
  uint64_t generation_ = 1; // counts clear()
  uint32_t round_ = 1;      // counts copy_added()
};

} // namespace perdure
