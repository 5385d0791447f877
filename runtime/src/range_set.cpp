// SPDX-License-Identifier: Apache-2.0
#include "range_set.h"
#include "heap_layout.h"
#include <algorithm>

namespace perdure {
namespace {

constexpr uint64_t kMergeGap = 32; // a few bytes more cost less than one more range
constexpr uint64_t kLine = 64;
constexpr uint64_t kJoinMax = 4096; // bytes
constexpr size_t kCondenseMin = 64; // entries
constexpr size_t kAhead = 12; // ranges fetched ahead: about as many misses as a core can have open

const std::byte *at(uint64_t offset) { return reinterpret_cast<const std::byte *>(kBase + offset); }

// An entry's range, as offsets from the base; the slot number above is dropped.
uint64_t begin_of(uint64_t entry) { return entry << 8 >> 24; }
uint64_t end_of(uint64_t entry) { return begin_of(entry) + (entry & PERDURE_RANGE_MAX); }

void fetch(uint64_t begin, uint64_t end) {
  // Only the start: within a range the processor's own prefetcher goes on.
  __builtin_prefetch(at(begin));
  if ((begin ^ (end - 1)) >= kLine)
    __builtin_prefetch(at(begin) + kLine);
}

} // namespace

// Leaves out entries seen shortly before (list heads, counters: the same words over and over) and
// joins neighbours (fields of one object, in program order), so that few are left to sort.
void RangeSet::condense(std::vector<uint64_t> &entries) {
  constexpr size_t kSeen = 1024;
  uint64_t seen[kSeen] = {};
  size_t kept = 0;
  for (uint64_t entry : entries) {
    uint64_t &slot = seen[(entry * 0x9e3779b97f4a7c15) >> 54];
    if (slot == entry)
      continue;
    slot = entry;
    if (kept != 0) {
      uint64_t &last = entries[kept - 1];
      uint64_t begin = std::min(begin_of(last), begin_of(entry));
      uint64_t end = std::max(end_of(last), end_of(entry));
      uint64_t apart = (end - begin) - (end_of(last) - begin_of(last));
      if (end - begin <= kJoinMax && apart <= (end_of(entry) - begin_of(entry)) + kMergeGap) {
        last = PERDURE_SLOT << 56 | begin << 16 | (end - begin);
        continue;
      }
    }
    entries[kept++] = entry;
  }
  entries.resize(kept);
}

void RangeSet::add(std::vector<uint64_t> &entries) {
  if (entries.empty())
    return;
  if (entries.size() > kCondenseMin)
    condense(entries);
  std::sort(entries.begin(), entries.end());
  size_t older = ranges_.size();
  for (uint64_t entry : entries) {
    uint64_t begin = begin_of(entry), end = end_of(entry);
    if (ranges_.size() > older && begin <= ranges_.back().end + kMergeGap)
      ranges_.back().end = std::max(ranges_.back().end, end);
    else
      ranges_.push_back({begin, end});
  }
  if (older == 0)
    return;
  auto by_begin = [](const Range &left, const Range &right) { return left.begin < right.begin; };
  std::inplace_merge(ranges_.begin(), ranges_.begin() + static_cast<ptrdiff_t>(older),
                     ranges_.end(), by_begin);
  auto last = ranges_.begin();
  for (auto next = last + 1; next != ranges_.end(); ++next) {
    if (next->begin <= last->end + kMergeGap)
      last->end = std::max(last->end, next->end);
    else
      *++last = *next;
  }
  ranges_.erase(last + 1, ranges_.end());
}

void RangeSet::touch() const {
  for (const Range &range : ranges_)
    fetch(range.begin, range.end);
}

void RangeSet::copy_to(EpochRecord &record) const {
  for (size_t i = 0; i < ranges_.size(); i++) {
    if (i + kAhead < ranges_.size())
      fetch(ranges_[i + kAhead].begin, ranges_[i + kAhead].end);
    record.add(ranges_[i].begin, at(ranges_[i].begin), ranges_[i].end - ranges_[i].begin);
  }
}

} // namespace perdure
