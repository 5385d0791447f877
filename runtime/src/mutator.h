// SPDX-License-Identifier: Apache-2.0
//
// A thread that writes persistent memory: its write sets, and whether it is inside a unit. Mutators
// live in a list that only grows; one whose thread has ended is used again once it is drained.
//
// Quiescence (Dekker's protocol): a thread entering a unit stores in_unit, then looks whether a cut
// is under way and backs out if so; the cutter announces the cut, then looks at every in_unit. Both
// with sequentially consistent order, so one of them sees the other.
//
// Its deferred lanes (deferred_lane.h) settle at the bounds of its units, at locks and outputs; not
// in a signal handler, which may have come between an entry and its store.
//
// A signal handler may have units of its own, whatever it interrupts. Until the interrupted thread
// has looked, in_unit says kEntering, and the handler's unit enters by itself; and depth counts a
// unit before it is entered, so that the handler's end does not leave it.
#pragma once

#include "deferred_lane.h"
#include "perdure/abi.h"
#include "write_set.h"
#include <atomic>
#include <cstdint>
#include <vector>

namespace perdure {

class Mutator {
public:
  // The calling thread's, registered on first use. Async-signal-safe.
  static Mutator &current();
  // The calling thread's, or null if it never recorded a store or entered a unit.
  static Mutator *current_or_null() { return current_; }

  // --- Owner's side; see abi.h. Units nest; pause and resume too.
  void unit_begin();
  void unit_end();
  void pause();
  void resume();
  uint32_t depth() const { return depth_; }
  void unwind(uint32_t depth);
  bool in_open_unit() const { return depth_ != 0; }

  // Allow-listed locks the thread holds.
  void lock_taken(const void *lock);
  bool holds(const void *lock) const;
  // True if the thread held it; its unit is still open then.
  bool lock_released(const void *lock);

  // No store of the thread is on its way: all it made entries for are done.
  void settle() {
    if (perdure_thread.next[PERDURE_LANE_AHEAD] | perdure_thread.next[PERDURE_LANE_AHEAD_RELAXED])
      settle_lanes();
  }
  // The same of the calling thread, if it is a mutator.
  static void settle_current() {
    if (current_)
      current_->settle();
  }
  // Signal handlers of the program that the calling thread is in (interpose_signals.cpp).
  static __thread uint32_t in_handler;

  // The write set of any lane; those made ahead are drained by deferred() alone.
  WriteSet &set(uint32_t lane) {
    return lane < PERDURE_LANE_AHEAD ? sets_[lane] : deferred_[lane - PERDURE_LANE_AHEAD].set();
  }
  // The entries made ahead of the stores of LANE, persistent or relaxed.
  DeferredLane &deferred(uint32_t lane) { return deferred_[lane]; }

  // Updates of LANE that no cut has taken. Any thread.
  bool dirty(uint32_t lane) const { return sets_[lane].dirty() || deferred_[lane].dirty(); }
  // Chunks not drained yet. Any thread.
  uint32_t backlog() const {
    return sets_[0].backlog() + sets_[1].backlog() + deferred_[0].set().backlog() +
           deferred_[1].set().backlog();
  }

  // --- Everybody's side.
  bool in_unit() const { return in_unit_.load(std::memory_order_seq_cst) != kOutside; }
  Mutator *next() const { return next_; }
  static Mutator *first();

  // Called by each ending thread that is a mutator, before its write set is handed over.
  static void (*on_thread_end)();
  // Called by a single mutator before it cuts, with signals blocked.
  static void (*before_cut)();

  // In a forked child: only the calling thread is left.
  static void keep_only_current();

private:
  static __thread Mutator *current_; // not thread_local: every access would ask for initialisation
  static Mutator *claim();
  static void thread_ended(void *mutator);
  enum Presence : uint32_t { kOutside = 0, kEntering = 1, kInside = 2 };
  void enter();
  void leave();
  void settle_lanes();

  std::atomic<uint32_t> in_unit_{kOutside};
  std::atomic<bool> owned_{true};
  uint32_t depth_ = 0;
  uint32_t paused_ = 0;
  uint32_t held_count_ = 0;
  static constexpr uint32_t kMaxPaused = 16, kMaxHeld = 256;
  static constexpr uint32_t kMaxBacklog = 16; // chunks: 131,000 entries
  uint32_t paused_depth_[kMaxPaused];
  const void *held_[kMaxHeld];
  WriteSet sets_[2];
  DeferredLane deferred_[2];
  Mutator *next_ = nullptr;
};

} // namespace perdure
