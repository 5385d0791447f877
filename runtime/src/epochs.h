// SPDX-License-Identifier: Apache-2.0
//
// Epochs: what becomes durable together. A cut takes the write sets of all threads at a point where
// none is inside a unit, copies the final bytes of every range, and hands them to the durable image
// as one record; the epoch is durable as a whole, or not at all. Correct for any lock discipline,
// and a line stored to many times is logged once.
//
// Tickets count cuts in this run: an update made now becomes durable with ticket open(), which is
// what outputs wait for. (The image numbers the records it keeps; an empty cut makes none.)
//
// Two disciplines. Many mutators: a committer thread cuts on demand, or the thread that has to wait
// does when that is cheap (persistent memory). Single mutator: it alone cuts, at its commit points;
// the committer only makes the records durable.
#pragma once

#include "cut_observer.h"
#include "durable_image.h"
#include "large_ranges.h"
#include "line_set.h"
#include "mutator.h"
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace perdure {

struct EpochStats {
  uint64_t cuts;
  uint64_t cuts_given_up; // a unit did not end in time; tried again later
  uint64_t cut_wait_ns;   // mutators stopped until quiescence, in all
  uint64_t cut_copy_ns;   // mutators stopped while bytes were copied, in all
  uint64_t bytes;         // copied
};

// What whoever made a ticket durable may send itself of the output that waited for it.
enum class Sending {
  kNone, // it holds locks, or others wait for it
  kFew,  // what few connections wait for: a send costs about as much as waking a thread
  kAll   // it is the thread that would have sent it
};

class Epochs {
public:
  static Epochs &instance();

  // Starts cutting for IMAGE. ON_DURABLE is called by the thread that made a ticket durable, and
  // when the pool failed. With DISCARD epochs are cut and dropped, to measure instrumentation
  // alone.
  void start(DurableImage *image, uint32_t async_ms, bool discard,
             std::function<void(Sending)> on_durable);
  // From the next cut on OBSERVER looks on. REQUIRES: not running.
  void observe(CutObserver *observer) { observer_ = observer; }
  // Takes what is recorded by now, for the observer; the next cut copies it.
  void take_pending();
  bool running() const { return running_.load(std::memory_order_acquire); }
  // True if outputs wait for durability (not async, a pool is open).
  bool synchronous() const { return (running() || stopped()) && async_ms_ == 0; }
  // Nothing becomes durable any more: other threads run on while the process exits.
  bool stopped() const { return stopped_.load(std::memory_order_acquire); }
  // True if whoever waits for a ticket makes it durable itself, at the price of a fence.
  bool waiting_is_cheap() const { return cheap_; }

  // The ticket that must be durable before anything the caller may have seen or done can be
  // revealed; 0 if that is so already. Relaxed updates do not count, unless asked for.
  uint64_t ticket_to_wait_for(bool relaxed_too = false) const;
  // False: the thread's output shows nothing of the open unit. See perdure.h; single mutator only.
  static __thread bool output_shows_unit;
  // The newest ticket whose cut was taken: what a thread inside a unit may wait for.
  uint64_t last_cut() const { return open_.load(std::memory_order_acquire) - 1; }
  uint64_t durable() const { return durable_.load(std::memory_order_seq_cst); }
  bool failed() const { return failed_.load(std::memory_order_seq_cst); }
  // A thread found no memory for its write set: stores of its are lost to every cut from now on, so
  // the pool fails before the next one. Async-signal-safe.
  static void note_lost_updates() { lost_updates_.store(true, std::memory_order_seq_cst); }
  static bool lost_updates() { return lost_updates_.load(std::memory_order_seq_cst); }
  // REQUIRES: not running, and the write sets are forgotten too.
  static void forget_lost_updates() { lost_updates_ = false; }

  // Asks for TICKET to become durable soon; returns at once.
  void demand(uint64_t ticket);
  // Returns true when TICKET is durable, false if the pool failed. On persistent memory the caller
  // cuts and commits by itself. REQUIRES: TICKET is at most last_cut(), or the caller is not inside
  // a unit (it would wait for itself).
  bool wait(uint64_t ticket);
  // Makes TICKET durable at once if the caller disturbs nobody by that: only it has updates
  // pending, no unit is open, and the last cut is a while ago. False: nothing happened. REQUIRES:
  // as wait().
  bool commit_if_alone(uint64_t ticket);
  // In Mutator::before_cut: the epoch that is about to be cut frees BLOCK, so it need not have what
  // was stored there.
  void freed(const void *block, size_t size);
  // End of a single mutator's unit: cuts here.
  void commit_single(bool relaxed_too = false);
  // Stands in for a call that waits for events, NEXT(timeout in ms). If a single mutator that has
  // cut finds no event there, it makes durable what it has cut, and sends what waited for that,
  // before it waits: this spares two threads' waking up. Else the committer does, and the device's
  // time is not the program's.
  template <typename Wait> int wait_for_events(int timeout, Wait next);
  // Waits while the committer is far behind MUTATOR, which is about to enter a unit.
  void throttle(const Mutator &mutator);

  // Cuts now what is recorded, relaxed updates too, if no unit stays open. REQUIRES: not in a unit.
  void flush();

  // A last cut if no unit is open, and everything cut made durable; then no more epochs.
  void stop();
  // Around fork(): no cut is under way between the two.
  void lock_for_fork();
  void unlock_after_fork(bool child);

  EpochStats stats() const;

  // Set while mutators must not enter a unit. See mutator.h.
  static std::atomic<uint32_t> cut_pending;
  // Blocks until cut_pending is clear.
  static void wait_for_cut();

  // One discipline per program, set before main.
  static bool single_mutator;
  // Threads are inside a unit from their first commit point on, except at commit points: the
  // program declares nothing else.
  static bool units_between_commit_points;

private:
  static uint64_t now_ns() {
    return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch() /
                                 std::chrono::nanoseconds(1));
  }
  bool quiesce(); // REQUIRES: cut_mutex_; false: a unit stayed open too long, mutators run on
  void release_mutators();
  struct Taken {
    size_t count = 0;     // entries
    bool updates = false; // some were not relaxed
  };
  Taken take_entries(bool at_cut);
  void add_entries();
  void take_early();
  void collect(EpochRecord &large, uint64_t ticket);
  void finish(EpochRecord &record, const EpochRecord &large);
  void cut_quiescent(uint64_t begun);
  bool cut_and_commit();               // many mutators; false: given up, try again
  void commit_sealed(Sending sending); // single mutator. REQUIRES: commit_mutex_
  void commit_before_wait(bool at_leisure);
  void make_durable(EpochRecord &record, uint64_t ticket, Sending sending = Sending::kNone);
  void publish(bool durable, uint64_t ticket, Sending sending = Sending::kNone);
  void give_up(const char *why);
  void committer();
  bool wait_until_durable(uint64_t ticket);
  bool seal(uint64_t ticket); // single mutator. REQUIRES: cut_mutex_
  bool any_dirty(uint32_t lanes) const;
  bool has_many_relaxed() const;
  bool is_behind() const;

  DurableImage *image_ = nullptr;
  uint32_t async_ms_ = 0;
  bool cheap_ = false, discard_ = false;
  std::function<void(Sending)> on_durable_;
  CutObserver *observer_ = nullptr;
  // Of a single mutator: it has waited for events since its last cut, so it will again soon, and
  // nobody need be told of the next cut before.
  static __thread bool waited_, wait_follows_;
  std::atomic<bool> running_{false}, stopped_{false}, failed_{false};
  std::atomic<uint64_t> open_{1}, durable_{0};
  std::atomic<uint64_t> last_update_{0}; // the last cut with more than relaxed updates
  static std::atomic<bool> lost_updates_;

  std::mutex cut_mutex_;                 // one cut at a time; records become durable in its order
  std::vector<uint64_t> entries_;        // cut_mutex_; kept for its capacity
  LineSet lines_;                        // cut_mutex_; taken, not yet cut
  LargeRanges large_;                    // cut_mutex_; the same
  uint32_t given_up_in_a_row_ = 0;       // cut_mutex_
  std::atomic<uint32_t> taken_early_{0}; // what was taken: 0 nothing, 1 relaxed, 2 any updates
  std::atomic<uint64_t> next_cut_ns_{0};
  // Single mutator: who hands sealed records to the image, in order. Before cut_mutex_.
  std::mutex commit_mutex_;
  EpochRecord committing_{0}; // commit_mutex_; kept for its capacity
  // What was cut and not yet handed to the image. A single mutator adds later cuts to it.
  // cut_mutex_.
  EpochRecord sealed_{0};
  std::vector<std::pair<uint64_t, uint64_t>> freed_; // cut_mutex_; offsets
  uint64_t sealed_ticket_ = 0;                       // the last cut in it; 0: none

  std::mutex mutex_; // what follows
  std::condition_variable wake_committer_, durable_changed_;
  std::atomic<uint32_t> waiters_{0};  // for durable_changed_; written under mutex_
  std::atomic<uint64_t> demanded_{0}; // written under mutex_
  bool stopping_ = false;
  std::thread committer_;

  std::atomic<uint64_t> cuts_{0}, given_up_{0}, wait_ns_{0}, copy_ns_{0}, bytes_{0};
};

template <typename Wait> int Epochs::wait_for_events(int timeout, Wait next) {
  Mutator::settle_current(); // it may rest for long
  waited_ = true;
  if (__builtin_expect(!wait_follows_, 1))
    return next(timeout);
  wait_follows_ = false;
  const int ready = next(0);
  const int saved = errno;
  commit_before_wait(ready == 0 && timeout != 0);
  errno = saved;
  return ready != 0 || timeout == 0 ? ready : next(timeout);
}

} // namespace perdure
