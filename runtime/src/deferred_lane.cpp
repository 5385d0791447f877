// SPDX-License-Identifier: Apache-2.0
#include "deferred_lane.h"
#include <algorithm>

namespace perdure {

void DeferredLane::drain(bool at_cut, std::vector<uint64_t> &entries, size_t limit,
                         const std::function<void()> &full) {
  // First: whoever finds the set clean because of this drain must see that its entries are kept.
  keeps_.store(true, std::memory_order_seq_cst);
  set_.drain(kept_);
  // Asked after the entries were taken, and before the bytes are read.
  bool settled = set_.taken_are_settled();
  if (settled || at_cut) {
    for (uint64_t entry : kept_) {
      entries.push_back(entry);
      if (entries.size() == limit)
        full();
    }
  }
  if (settled)
    kept_.clear();
  else if (kept_.size() >= compact_at_)
    compact();
  keeps_.store(!kept_.empty(), std::memory_order_release);
}

void DeferredLane::compact() {
  std::sort(kept_.begin(), kept_.end());
  kept_.erase(std::unique(kept_.begin(), kept_.end()), kept_.end());
  compact_at_ = std::max(kCompactAt, 2 * kept_.size());
}

} // namespace perdure
