// SPDX-License-Identifier: Apache-2.0
//
// The cache lines that the next cut copies, each with a bit per byte that was written, and a copy
// of the line taken ahead of the cut. Used by one cutter at a time.
//
// Copying ahead (as live migration copies memory ahead of the switch): an entry is published after
// its store, so a line stored to after it was copied has a new entry, is added again, and is copied
// again. With mutators stopped only those lines are left to copy.
#pragma once

#include "epoch_record.h"
#include <cstddef>
#include <cstdint>
#include <vector>

namespace perdure {

class LineSet {
public:
  LineSet();

  // Adds [BEGIN, END), offsets from the base, and brings the lines near the calling processor: most
  // were written by another one, and each such miss costs as much as the rest of the work on it.
  void add(uint64_t begin, uint64_t end);
  // Tells that the line of BEGIN will soon be added.
  void fetch(uint64_t begin) const { __builtin_prefetch(&table_[slot_of(begin / kLine)]); }
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
    uint64_t number;  // offset from the base / 64
    uint64_t written; // a bit per byte
    bool added;       // since the last copy
  };
  struct alignas(kLine) Copy {
    std::byte bytes[kLine];
  };

  uint32_t find_or_insert(uint64_t number);
  void grow_table();
  size_t slot_of(uint64_t number) const { return number * 0x9e3779b97f4a7c15 >> shift_; }

  std::vector<Line> lines_; // in the order they were first written: mostly that of addresses
  std::vector<Copy> copies_;
  std::vector<uint32_t> added_; // indexes of lines to copy
  // Open addressing, linear probing. A slot holds a line's number above its index plus one (34 and
  // 30 bits), or 0.
  std::vector<uint64_t> table_;
  unsigned shift_;
  uint32_t last_ = 0; // index found last
};

} // namespace perdure
