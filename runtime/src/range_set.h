// SPDX-License-Identifier: Apache-2.0
//
// The ranges that the next cut copies: write-set entries sorted, merged where they touch. Used by
// one cutter at a time.
#pragma once

#include "epoch_record.h"
#include <cstdint>
#include <vector>

namespace perdure {

class RangeSet {
public:
  // Adds ENTRIES (perdure/abi.h); sorts them in place.
  void add(std::vector<uint64_t> &entries);
  // Brings the ranges' bytes near the calling processor: most were written by another one, and each
  // such line costs as much as the rest of a small cut.
  void touch() const;
  // Copies the ranges' present bytes. Two ranges closer than a record's header go as one: the bytes
  // between them are read at the same moment, so they are no less right.
  void copy_to(EpochRecord &record) const;

  bool empty() const { return ranges_.empty(); }
  size_t size() const { return ranges_.size(); }
  void clear() { ranges_.clear(); }

private:
  static void condense(std::vector<uint64_t> &entries);

  struct Range {
    uint64_t begin, end; // offsets from the base
  };
  std::vector<Range> ranges_; // by begin, apart from each other
};

} // namespace perdure
