// SPDX-License-Identifier: Apache-2.0
//
// Who cuts when nobody is waited for: the committer thread, the single mutator, exit and fork. How
// a cut is made is in epochs.cpp.
#include "epochs.h"
#include "heap_layout.h"
#include "held_signals.h"
#include "uninterrupted.h"
#include <algorithm>
#include <csignal>
#include <new>
#include <pthread.h>
#include <sys/prctl.h>
#include <utility>

namespace perdure {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kRetryMax = 64ms;
// Without anyone waiting (no output, or only relaxed updates) updates become durable this often.
constexpr auto kIdleInterval = 100ms;
// ... but the committer looks this often whether much was written.
constexpr auto kBacklogInterval = 5ms;
// ... and this often when it was: small cuts stay in the cache.
constexpr auto kBehindInterval = 500us;
constexpr uint64_t kSealedBytesMax = 16 << 20;
constexpr uint32_t kRelaxedChunksMax = 128; // of a write set: 8 MiB, a million entries

void block_all_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

} // namespace

void Epochs::start(DurableImage *image, uint32_t async_ms, bool discard,
                   std::function<void(Sending)> on_durable) {
  image_ = image;
  async_ms_ = async_ms;
  discard_ = discard;
  cheap_ = image->is_pmem() || discard;
  on_durable_ = std::move(on_durable);
  stopping_ = false;
  stopped_ = false;
  failed_ = false;
  durable_ = last_update_ = last_cut();
  running_.store(true, std::memory_order_release);
  try {
    committer_ = std::thread([this] { committer(); });
  } catch (...) { // no thread, no memory: the caller says so
    running_.store(false, std::memory_order_release);
    throw;
  }
}

// --- Single mutator ---

void Epochs::freed(const void *block, size_t size) {
  const uint64_t begin = offset_of(block);
  freed_.push_back({begin, begin + size});
}

// Relaxed updates wait for others, but not without end: they are entries in memory.
bool Epochs::has_many_relaxed() const {
  const Mutator *self = Mutator::current_or_null();
  return self && self->backlog() > kRelaxedChunksMax;
}

void Epochs::commit_single(bool relaxed_too) {
  if (!running() || failed() || !(any_dirty(relaxed_too ? 2 : 1) || has_many_relaxed()))
    return;
  const bool waited = std::exchange(waited_, false);
  wait_follows_ = false;
  uint64_t ticket = 0;
  bool full = false;
  {
    HeldSignals thread;
    {
      std::lock_guard lock(cut_mutex_);
      try {
        if (Mutator::before_cut)
          Mutator::before_cut();
        ticket = open_.fetch_add(1, std::memory_order_acq_rel);
        full = seal(ticket);
      } catch (const std::bad_alloc &) {
        give_up("out of memory for an epoch");
      }
    }
    if (!failed() && durable() >= ticket)
      on_durable_(Sending::kAll); // not under the lock of the cut
  }
  if (failed() || durable() >= ticket)
    return;
  if (full) { // with signals let through
    demand(ticket);
    wait_until_durable(ticket);
  } else if (async_ms_ == 0) {
    wait_follows_ = waited;
    if (!waited)
      demand(ticket);
  }
}

// Cuts into the sealed record. True if there is much in it, and it is time to wait.
bool Epochs::seal(uint64_t ticket) {
  EpochRecord large(0);
  collect(large, ticket);
  for (const auto &[begin, end] : freed_)
    lines_.forget(begin, end);
  freed_.clear();
  finish(sealed_, large);
  if (async_ms_ == 0 && cheap_) {
    make_durable(sealed_, ticket);
    return false;
  }
  sealed_ticket_ = ticket;
  return sealed_.payload().size() > kSealedBytesMax;
}

// The mutator goes on sealing while the committer's thread is in here.
void Epochs::commit_sealed(Sending sending) {
  uint64_t ticket;
  {
    std::lock_guard lock(cut_mutex_);
    std::swap(committing_, sealed_);
    ticket = std::exchange(sealed_ticket_, 0);
  }
  if (ticket == 0 || failed())
    return;
  try {
    make_durable(committing_, ticket, sending);
  } catch (const std::bad_alloc &) {
    give_up("out of memory for an epoch");
  }
}

// While the image is written a commit may take long.
void Epochs::commit_before_wait(bool at_leisure) {
  if (!running() || failed() || last_cut() <= durable())
    return;
  Uninterrupted thread;
  std::unique_lock committing(commit_mutex_, std::defer_lock);
  if (at_leisure && demanded_.load(std::memory_order_acquire) > durable() &&
      !image_->is_checkpointing() && committing.try_lock())
    commit_sealed(Sending::kAll);
  else
    demand(last_cut());
}

// --- Threads ---

void Epochs::committer() {
  block_all_signals();
  pthread_setname_np(pthread_self(), "perdure-commit");
  prctl(PR_SET_TIMERSLACK, 1000); // ns; the default of 50 us is longer than many cuts are apart
  auto interval = async_ms_ ? std::chrono::milliseconds(async_ms_) : kIdleInterval;
  auto due = Clock::now() + interval;
  std::chrono::microseconds retry = 200us;
  bool behind = false;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    // A single mutator cuts by itself: until it has, there is nothing to do for who waits.
    auto is_wanted = [&] {
      return demanded_ > durable() && (!single_mutator || last_cut() > durable());
    };
    auto poll =
        std::min<std::chrono::microseconds>(interval, behind ? kBehindInterval : kBacklogInterval);
    wake_committer_.wait_for(lock, poll, [&] { return stopping_ || is_wanted(); });
    bool wanted = is_wanted();
    lock.unlock();
    uint64_t now = now_ns(), next = next_cut_ns_.load(std::memory_order_relaxed);
    if (!single_mutator && now < next)
      std::this_thread::sleep_for(std::chrono::nanoseconds(next - now));
    if (Clock::now() >= due) {
      due = Clock::now() + interval;
      wanted = wanted || any_dirty(2);
    }
    bool done = true;
    behind = is_behind();
    if (single_mutator) {
      std::lock_guard committing(commit_mutex_);
      commit_sealed(Sending::kFew);
    } else if (!failed() && (wanted || behind)) {
      done = cut_and_commit();
    }
    retry = done ? 200us : std::min<std::chrono::microseconds>(retry * 2, kRetryMax);
    if (!done || failed())
      std::this_thread::sleep_for(retry);
    lock.lock();
  }
}

void Epochs::stop() {
  if (!running())
    return;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_committer_.notify_one();
  }
  committer_.join();
  // An unfinished unit is never made durable: with one open there is no last cut.
  if (single_mutator) {
    Mutator *self = Mutator::current_or_null();
    if (self && !self->in_open_unit())
      commit_single(true);
    std::lock_guard committing(commit_mutex_);
    commit_sealed(Sending::kNone);
  } else if (any_dirty(2) && !failed()) {
    cut_and_commit();
  }
  {
    std::lock_guard lock(cut_mutex_); // no cut is under way when the image is closed
    stopped_.store(true, std::memory_order_release);
    running_.store(false, std::memory_order_release);
  }
  std::lock_guard lock(mutex_);
  durable_changed_.notify_all();
}

void Epochs::flush() {
  if (!running() || failed() || !any_dirty(2))
    return;
  NoCancellation thread;
  if (single_mutator) {
    commit_single();
    wait(last_cut());
  } else {
    cut_and_commit();
  }
}

void Epochs::lock_for_fork() {
  cut_mutex_.lock();
  mutex_.lock();
}

void Epochs::unlock_after_fork(bool child) {
  if (child) {
    running_.store(false, std::memory_order_release);
    stopped_.store(false, std::memory_order_release);
    if (committer_.joinable()) // not so in the child of a detached child, or after stop()
      committer_.detach();     // it does not exist here
    // A condition variable counts its waiters: one that is gone would swallow the wake-up of one
    // that a child which takes the pool over starts. No destructor: that waits for them.
    new (&wake_committer_) std::condition_variable;
    new (&durable_changed_) std::condition_variable;
    new (&commit_mutex_) std::mutex; // the committer may have held it
    cut_pending.store(0, std::memory_order_seq_cst);
  }
  mutex_.unlock();
  cut_mutex_.unlock();
}

EpochStats Epochs::stats() const {
  return {cuts_.load(), given_up_.load(), wait_ns_.load(), copy_ns_.load(), bytes_.load()};
}

} // namespace perdure
