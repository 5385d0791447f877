// SPDX-License-Identifier: Apache-2.0
#include "large_ranges.h"
#include "heap_layout.h"
#include <algorithm>

namespace perdure {

void LargeRanges::move_to(EpochRecord &record) {
  std::ranges::sort(ranges_, {}, &Range::begin);
  for (size_t i = 0; i < ranges_.size();) {
    Range merged = ranges_[i];
    while (++i < ranges_.size() && ranges_[i].begin <= merged.end)
      merged.end = std::max(merged.end, ranges_[i].end);
    record.add(merged.begin, address_of(merged.begin), merged.end - merged.begin);
  }
  ranges_.clear();
}

} // namespace perdure
