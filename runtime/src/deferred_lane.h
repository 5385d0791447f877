// SPDX-License-Identifier: Apache-2.0
//
// A lane of entries made *before* their stores: in ported source (perdure/source.h) the macro
// stands where the written lvalue stands, so nothing of it runs after the store.
//
// An entry's store is done once its thread has *settled* since: it has come to a point of its own
// control flow (a unit's bound, a lock, an output) that no store is on its way across. Until then
// an entry is read at every cut and kept for the next one, so that whatever happened before a cut
// is in it, and what happens after it is in a later one. From then on it is like an entry made
// after its store, and a cut takes it, also ahead. docs/design.md, "Entries ahead of their stores",
// has the argument.
#pragma once

#include "write_set.h"
#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

namespace perdure {

class DeferredLane {
public:
  WriteSet &set() { return set_; }
  const WriteSet &set() const { return set_; }

  // Appends to ENTRIES what may be taken: entries that are settled; AT_CUT, with mutators stopped,
  // the others as well, but those stay in the lane. FULL and LIMIT as in WriteSet. Cutter only.
  void drain(bool at_cut, std::vector<uint64_t> &entries, size_t limit = SIZE_MAX,
             const std::function<void()> &full = nullptr);
  // True if there is an entry that no drain has taken for good. Any thread.
  bool dirty() const { return set_.dirty() || keeps_.load(std::memory_order_acquire); }

  size_t kept() const { return kept_.size(); } // cutter only

private:
  // A unit that writes the same places for long keeps each once; looked at when twice as many came.
  static constexpr size_t kCompactAt = 8192;
  void compact();

  WriteSet set_;
  std::vector<uint64_t> kept_; // cutter's
  size_t compact_at_ = kCompactAt;
  std::atomic<bool> keeps_{false};
};

} // namespace perdure
