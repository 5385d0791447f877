// SPDX-License-Identifier: Apache-2.0
//
// The cache lines that the next cut copies, each with a bit per byte that was written, and a copy
// of the line taken ahead of the cut. Used by one cutter at a time.
//
// Copying ahead (as live migration copies memory ahead of the switch): an entry is published after
// its store, so a line stored to after it was copied has a new entry, is added again, and is copied
// again. With mutators stopped only those lines are left to copy.
//
// A line is found again by a cache of the lines added last, small enough to stay near the
// processor. One that the cache has forgotten is added a second time: its later copy stands later
// in the record, and wins.
#pragma once

#include "epoch_record.h"
#include <cstddef>
#include <cstdint>
#include <vector>

namespace perdure {

class LineSet {
public:
  LineSet() : recent_(kBuckets) {}

  // Adds [BEGIN, END), offsets from the base, and brings the lines near the calling processor: most
  // were written by another one, and each such miss costs as much as the rest of the work on it.
  void add(uint64_t begin, uint64_t end);
  // Copies the lines added (also: again) since the last call.
  void copy_added();
  // Appends the copies to RECORD. Written bytes of a line closer than a range's header go as one
  // range: the bytes between them were read at the same moment, so they are no less right.
  void append_to(EpochRecord &record) const;

  bool empty() const { return lines_.empty(); }
  size_t size() const { return lines_.size(); }
  void clear();

private:
  static constexpr uint64_t kLine = 64;
  struct Line {
    uint64_t number : 63; // offset from the base / 64
    uint64_t added : 1;   // since the last copy
    uint64_t written;     // a bit per byte
  };
  struct alignas(kLine) Copy {
    Copy() {} // does not clear what is about to be overwritten
    std::byte bytes[kLine];
  };
  // Indexes of lines, the latest first. Never emptied: an index counts if the line there is the one
  // looked for.
  struct Bucket {
    uint32_t first, second;
  };
  static constexpr size_t kBuckets = 2048;

  bool is_line(uint32_t index, uint64_t number) const {
    return index < lines_.size() && lines_[index].number == number;
  }
  uint32_t find_or_insert(uint64_t number);

  std::vector<Line> lines_; // in the order they were first written: mostly that of addresses
  std::vector<Copy> copies_;
  std::vector<uint32_t> added_; // indexes of lines to copy
  std::vector<Bucket> recent_;
  uint32_t last_ = 0; // index found last
};

} // namespace perdure
