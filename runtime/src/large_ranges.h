// SPDX-License-Identifier: Apache-2.0
//
// The long ranges that the next cut copies (a cleared table, a value of a megabyte). Too long to be
// kept line by line, and long enough that a run of one byte is worth finding. Used by one cutter at
// a time.
#pragma once

#include "epoch_record.h"
#include <cstdint>
#include <vector>

namespace perdure {

class LargeRanges {
public:
  // Adds [BEGIN, END), offsets from the base.
  void add(uint64_t begin, uint64_t end) { ranges_.push_back({begin, end}); }
  // Copies the ranges' present bytes, merged where they touch, and forgets them.
  void move_to(EpochRecord &record);

private:
  struct Range {
    uint64_t begin, end;
  };
  std::vector<Range> ranges_;
};

} // namespace perdure
