// SPDX-License-Identifier: Apache-2.0
//
// Differences between memory and shadow that are not yet believed. A thread outside any unit may
// have stored and not yet noted it, so a difference counts only if it lasts: found again after a
// while, and not noted meanwhile.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

namespace perdure {

struct ByteRange {
  uint64_t begin, end; // offsets from the base
};

class Suspects {
public:
  explicit Suspects(uint64_t age_ns) : age_ns_(age_ns) {}

  // [BEGIN, END) was recorded.
  void recorded(uint64_t begin, uint64_t end) {
    if (ranges_.empty())
      return;
    auto range = first_past(begin);
    while (range != ranges_.end() && range->first < end) {
      const uint64_t start = range->first;
      const Suspect suspect = range->second;
      range = ranges_.erase(range);
      if (start < begin)
        ranges_[start] = {begin, suspect.since_ns};
      if (suspect.end > end)
        ranges_[end] = {suspect.end, suspect.since_ns};
    }
  }

  // RUNS, in order and apart, are all that differs at NOW. Returns those that have lasted; they are
  // no suspects any more.
  std::vector<ByteRange> compared(const std::vector<ByteRange> &runs, uint64_t now_ns) {
    std::vector<ByteRange> lasted;
    std::map<uint64_t, Suspect> next;
    // A run may hold bytes that differ for long beside others that a thread is about to note.
    auto part = [&](uint64_t begin, uint64_t end, uint64_t since) {
      if (begin >= end)
        return;
      if (since == now_ns || now_ns - since < age_ns_)
        next[begin] = {end, since};
      else if (!lasted.empty() && lasted.back().end == begin)
        lasted.back().end = end;
      else
        lasted.push_back({begin, end});
    };
    for (const ByteRange &run : runs) {
      uint64_t at = run.begin;
      for (auto range = first_past(at); range != ranges_.end() && range->first < run.end; ++range) {
        const uint64_t begin = std::max(range->first, run.begin);
        const uint64_t end = std::min(range->second.end, run.end);
        part(at, begin, now_ns);
        part(begin, end, range->second.since_ns);
        at = end;
      }
      part(at, run.end, now_ns);
    }
    ranges_ = std::move(next);
    return lasted;
  }

  bool empty() const { return ranges_.empty(); }

private:
  struct Suspect {
    uint64_t end;
    uint64_t since_ns;
  };
  // The first range that ends after OFFSET.
  std::map<uint64_t, Suspect>::iterator first_past(uint64_t offset) {
    auto range = ranges_.upper_bound(offset);
    if (range != ranges_.begin() && std::prev(range)->second.end > offset)
      --range;
    return range;
  }

  const uint64_t age_ns_;
  std::map<uint64_t, Suspect> ranges_; // by begin, apart from each other
};

} // namespace perdure
