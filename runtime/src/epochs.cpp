// SPDX-License-Identifier: Apache-2.0
//
// Tickets and cuts; see epochs.h. When cuts are made is in epochs_committer.cpp.
#include "epochs.h"
#include "durability_step.h"
#include "heap_layout.h"
#include "held_signals.h"
#include "uninterrupted.h"
#include <algorithm>
#include <chrono>
#include <immintrin.h>
#include <new>
#include <sched.h>

namespace perdure {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// A unit that stays open longer than this does not stop the others: the cut is tried again later.
// It also breaks the deadlock of a thread that waits to enter while it holds a lock, unknown to us,
// that an open unit needs.
constexpr auto kQuiescenceLimit = 2ms;
// It doubles with each cut given up in a row, so that long units that always overlap cannot keep
// every cut from happening.
constexpr uint32_t kQuiescenceDoublingsMax = 7;
// The longest a thread is kept from its unit because the committer is behind: it may hold a lock,
// unknown to us, that an open unit needs.
constexpr auto kThrottleLimit = 100ms;
// Time from one cut to the next, in times that making it took (the device aside): under load cuts
// take a bounded part of one processor, and with little to do they follow each other at once.
constexpr uint64_t kPace = 4;
constexpr uint64_t kPaceMaxNs = 400'000; // a large cut costs by its bytes: waiting saves nothing
// Chunks of a write set: past this the committer cuts unasked, while the bytes are in the cache.
constexpr uint32_t kBehindChunks = 2;
// From here on ranges are not copied ahead of the cut, but as a whole with mutators stopped.
constexpr uint64_t kLarge = 4096; // bytes
// Rounds of copying ahead of a cut, while each finds more than this to do.
constexpr int kRoundsAhead = 5;
constexpr size_t kFewEntries = 512;
// Entries taken at a time: their lines are copied while they, what is known of them, and the
// fetched lines are near the processor.
constexpr size_t kEntriesAtOnce = 256;
constexpr const char *kOutOfMemory = "out of memory for an epoch";

uint64_t ns_since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
}

} // namespace

std::atomic<uint32_t> Epochs::cut_pending{0};
std::atomic<bool> Epochs::lost_updates_{false};
bool Epochs::single_mutator = false;
__thread bool Epochs::output_shows_unit = true;
__thread bool Epochs::waited_ = false;
__thread bool Epochs::wait_follows_ = false;
bool Epochs::units_between_commit_points = false;

Epochs &Epochs::instance() {
  // Never destroyed: threads may outlive static destructors. Not on the heap: functions that make
  // it, by being the first to ask, must not run out of memory.
  alignas(Epochs) static std::byte place[sizeof(Epochs)];
  static Epochs &epochs = *new (place) Epochs;
  return epochs;
}

// --- What output waits for ---

bool Epochs::any_dirty(uint32_t lanes) const {
  for (Mutator *mutator = Mutator::first(); mutator; mutator = mutator->next())
    for (uint32_t lane = 0; lane < lanes; lane++)
      if (mutator->dirty(lane))
        return true;
  if (lost_updates())
    return true; // the cut that somebody asks for now finds out
  // Last: whoever finds a write set clean because its entries were taken early sees that they were.
  return taken_early_.load(std::memory_order_acquire) + lanes > 2;
}

bool Epochs::is_behind() const {
  for (Mutator *mutator = Mutator::first(); mutator; mutator = mutator->next())
    for (uint32_t lane = 0; lane < PERDURE_LANES; lane++)
      if (mutator->set(lane).backlog() > kBehindChunks)
        return true;
  return false;
}

uint64_t Epochs::ticket_to_wait_for(bool relaxed_too) const {
  if (!running() && !stopped())
    return 0;
  Mutator::settle_current(); // who asks is about to show what it did, or has nothing to show
  // In this order: a drain advances the tickets before it takes entries, so that whoever finds the
  // write sets clean because of it sees the advanced number and waits for the cut that took them.
  bool dirty = (output_shows_unit || !single_mutator) && any_dirty(relaxed_too ? 2 : 1);
  uint64_t last = relaxed_too ? last_cut() : last_update_.load(std::memory_order_acquire);
  uint64_t ticket = dirty ? open_.load(std::memory_order_acquire) : last;
  return ticket <= durable() ? 0 : ticket;
}

void Epochs::demand(uint64_t ticket) {
  // A single mutator has to cut first, and may commit by itself then.
  const bool later = single_mutator && (last_cut() < ticket || wait_follows_);
  // Every reply asks: all but the first of an epoch are told without the lock. Not so once a single
  // mutator has cut, whose demand says that.
  if (ticket <= demanded_.load(std::memory_order_acquire) && (!single_mutator || later))
    return;
  HeldSignals thread;
  std::lock_guard lock(mutex_);
  demanded_.store(std::max(demanded_.load(std::memory_order_relaxed), ticket),
                  std::memory_order_release);
  if (!later)
    wake_committer_.notify_one();
}

bool Epochs::wait(uint64_t ticket) {
  Mutator *self = Mutator::current_or_null();
  if (single_mutator && self && !self->in_open_unit())
    commit_single(true);
  else if (cheap_ && !single_mutator)
    while (durable() < ticket && !failed() && running())
      if (!cut_and_commit()) {
        NoCancellation thread;
        std::this_thread::sleep_for(100us);
      }
  if (durable() >= ticket)
    return true;
  wait_follows_ = false; // this is another wait
  demand(ticket);
  return wait_until_durable(ticket);
}

bool Epochs::wait_until_durable(uint64_t ticket) {
  for (bool ended = false; !ended;) {
    Uninterrupted thread;
    std::unique_lock lock(mutex_);
    waiters_.fetch_add(1, std::memory_order_seq_cst);
    ended = durable_changed_.wait_for(
        lock, kSignalDelayMax, [&] { return durable() >= ticket || failed() || !running(); });
    waiters_.fetch_sub(1, std::memory_order_relaxed);
  }
  return durable() >= ticket;
}

void Epochs::throttle(const Mutator &mutator) {
  if (!running() || single_mutator)
    return;
  auto behind = [&] { return mutator.backlog() > 2; };
  auto limit = Clock::now() + kThrottleLimit;
  NoCancellation thread;
  while (running() && !failed() && behind() && Clock::now() < limit) {
    demand(open_.load(std::memory_order_acquire));
    std::this_thread::sleep_for(200us);
  }
}

// --- The cut ---

void Epochs::wait_for_cut() {
  for (int spins = 0; spins < 200; spins++) {
    if (!cut_pending.load(std::memory_order_acquire))
      return;
    _mm_pause();
  }
  cut_pending.wait(1, std::memory_order_acquire);
}

void Epochs::release_mutators() {
  cut_pending.store(0, std::memory_order_seq_cst);
  cut_pending.notify_all();
}

bool Epochs::quiesce() {
  auto start = Clock::now();
  cut_pending.store(1, std::memory_order_seq_cst);
  for (Mutator *mutator = Mutator::first(); mutator; mutator = mutator->next()) {
    for (int spins = 0; mutator->in_unit() && takes(Step::kUnitsEndBeforeCut); spins++) {
      if (spins < 128)
        _mm_pause();
      else
        sched_yield(); // the thread inside the unit may need this processor
      if (spins % 64 == 63 && Clock::now() - start > kQuiescenceLimit * (1 << given_up_in_a_row_)) {
        release_mutators();
        given_up_in_a_row_ = std::min(given_up_in_a_row_ + 1, kQuiescenceDoublingsMax);
        given_up_.fetch_add(1, std::memory_order_relaxed);
        wait_ns_.fetch_add(ns_since(start), std::memory_order_relaxed);
        return false;
      }
    }
  }
  wait_ns_.fetch_add(ns_since(start), std::memory_order_relaxed);
  given_up_in_a_row_ = 0;
  pause_if_dropped(Step::kUnitBacksOut); // a unit enters that was looked at in vain
  return true;
}

// Copies what it takes. The lanes of a thread follow each other: they have many lines in common.
// AT_CUT: mutators are stopped.
Epochs::Taken Epochs::take_entries(bool at_cut) {
  Taken taken;
  uint32_t lane = 0;
  auto add = [&] {
    taken.count += entries_.size();
    taken.updates |= lane == PERDURE_LANE_PERSISTENT && !entries_.empty();
    add_entries();
    entries_.clear();
  };
  for (Mutator *mutator = Mutator::first(); mutator; mutator = mutator->next()) {
    for (lane = 0; lane < 2; lane++) {
      if (!mutator->dirty(lane))
        continue;
      mutator->set(lane).drain(entries_, kEntriesAtOnce, std::ref(add)); // no allocation
      mutator->deferred(lane).drain(at_cut, entries_, kEntriesAtOnce, std::ref(add));
      add();
    }
  }
  return taken;
}

void Epochs::add_entries() {
  if (observer_)
    observer_->taken(entries_);
  for (uint64_t entry : entries_) {
    uint64_t begin = entry_offset(entry);
    uint64_t size = entry_size(entry);
    if (size < kLarge)
      lines_.add(begin, begin + size);
    else
      large_.add(begin, begin + size);
  }
  lines_.copy_added();
}

// While mutators run on, so that little is left to do with them stopped; see line_set.h. Until the
// cut the updates count as pending.
void Epochs::take_early() {
  // Before the first is taken: a thread that finds its update gone must not think it durable.
  const uint32_t pending = takes(Step::kEarlyIsPending) ? 2 : 0;
  bool updates = taken_early_.exchange(pending, std::memory_order_seq_cst) == 2;
  for (int round = 0; round < kRoundsAhead; round++) {
    Taken taken = take_entries(false);
    updates |= taken.updates;
    if (taken.count < kFewEntries)
      break;
  }
  if (!updates && pending != 0)
    taken_early_.store(1, std::memory_order_release);
  pause_if_dropped(Step::kEarlyIsPending);
}

// REQUIRES: cut_mutex_, mutators stopped (or single); TICKET is this cut's.
void Epochs::collect(EpochRecord &large, uint64_t ticket) {
  // The cut may have updates until it is known that it has none: nobody waits for relaxed ones.
  const uint64_t before = last_update_.exchange(ticket, std::memory_order_acq_rel);
  bool updates = taken_early_.load(std::memory_order_relaxed) == 2;
  if (takes(Step::kEntriesAtCut))
    updates |= take_entries(true).updates;
  if (!updates)
    last_update_.store(before, std::memory_order_release);
  taken_early_.store(0, std::memory_order_release); // after the tickets advanced
  large_.move_to(large);
  if (observer_)
    observer_->at_cut();
}

void Epochs::take_pending() {
  Uninterrupted thread;
  std::lock_guard lock(cut_mutex_);
  if (running() && !failed())
    take_early();
}

// Mutators run again. Large ranges come last: the newer copy, where a line lies in one.
void Epochs::finish(EpochRecord &record, const EpochRecord &large) {
  lines_.append_to(record);
  lines_.clear();
  record.add_all(large);
  if (observer_)
    observer_->after_cut();
}

bool Epochs::cut_and_commit() {
  Uninterrupted thread;
  std::lock_guard lock(cut_mutex_);
  if (failed() || !running())
    return true;
  try {
    uint64_t begun = now_ns();
    take_early();
    if (!quiesce())
      return false;
    cut_quiescent(begun);
  } catch (const std::bad_alloc &) {
    give_up(kOutOfMemory);
  }
  return true;
}

bool Epochs::commit_if_alone(uint64_t ticket) {
  HeldSignals thread;
  uint64_t begun = now_ns();
  if (single_mutator || begun < next_cut_ns_.load(std::memory_order_relaxed))
    return false;
  std::unique_lock lock(cut_mutex_, std::try_to_lock);
  if (!lock || failed() || !running() || taken_early_.load(std::memory_order_relaxed) != 0)
    return false;
  if (durable() >= ticket)
    return true;
  Mutator *self = Mutator::current_or_null();
  for (Mutator *mutator = Mutator::first(); mutator; mutator = mutator->next())
    if (mutator != self && mutator->dirty(PERDURE_LANE_PERSISTENT))
      return false;
  cut_pending.store(1, std::memory_order_seq_cst);
  for (Mutator *mutator = Mutator::first(); mutator; mutator = mutator->next()) {
    if (mutator->in_unit()) {
      release_mutators();
      return false;
    }
  }
  try {
    cut_quiescent(begun);
  } catch (const std::bad_alloc &) {
    give_up(kOutOfMemory);
  }
  return durable() >= ticket;
}

void Epochs::cut_quiescent(uint64_t begun) {
  uint64_t start = now_ns();
  // The ticket advances before entries are taken, because who then finds nothing recorded waits for
  // the cut that took it.
  const uint64_t ticket = open_.load(std::memory_order_relaxed);
  if (takes(Step::kTicketBeforeEntries))
    open_.fetch_add(1, std::memory_order_acq_rel);
  EpochRecord large(0);
  collect(large, ticket);
  release_mutators();
  uint64_t taken = now_ns() - start;
  copy_ns_.fetch_add(taken, std::memory_order_relaxed);
  finish(sealed_, large);
  next_cut_ns_.store(begun + std::min(kPace * (now_ns() - begun), kPaceMaxNs),
                     std::memory_order_relaxed);
  pause_if_dropped(Step::kTicketBeforeEntries);
  if (!takes(Step::kTicketBeforeEntries))
    open_.fetch_add(1, std::memory_order_acq_rel);
  make_durable(sealed_, ticket);
}

// RECORD is empty afterwards.
void Epochs::make_durable(EpochRecord &record, uint64_t ticket, Sending sending) {
  cuts_.store(cuts_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  bytes_.store(bytes_.load(std::memory_order_relaxed) + record.payload().size(),
               std::memory_order_relaxed);
  // After the entries were taken: a store that depends on a lost one was noted after it got lost.
  if (lost_updates()) {
    give_up("out of memory for a write set");
    return;
  }
  Status status;
  if (!takes(Step::kTicketAfterCommit))
    durable_.store(ticket, std::memory_order_release);
  if (!record.empty() && !discard_) {
    record.set_epoch(image_->last_epoch() + 1);
    status = image_->commit(std::move(record));
  }
  record.clear();
  publish(status.is_ok(), ticket, sending);
}

// DURABLE: TICKET is. Else the pool has failed. Who waits counts itself before it looks at what is
// durable; here it is the other way round. So one of the two sees the other.
void Epochs::publish(bool durable, uint64_t ticket, Sending sending) {
  if (durable)
    durable_.store(ticket, std::memory_order_seq_cst); // see OutputGate::notify(), too
  else
    failed_.store(true, std::memory_order_seq_cst);
  if (waiters_.load(std::memory_order_seq_cst) != 0) {
    std::lock_guard lock(mutex_);
    durable_changed_.notify_all();
  }
  on_durable_(sending);
}

// What was taken from the write sets is lost, and with it every later epoch.
void Epochs::give_up(const char *why) {
  release_mutators();
  image_->give_up(why);
  publish(false, 0);
}

} // namespace perdure
