// SPDX-License-Identifier: Apache-2.0
#include "mutator.h"
#include "check.h"
#include "durability_step.h"
#include "epochs.h"
#include <cerrno>
#include <new>
#include <pthread.h>
#include <sys/mman.h>

extern "C" {
// Of a leak sanitizer, if the program has one: it does not look into mapped memory unasked.
__attribute__((weak)) void __lsan_register_root_region(const void *start, size_t size);

__thread struct perdure_thread perdure_thread;
__thread uint32_t perdure_heap_scope = PERDURE_SCOPE_PERSISTENT;
}

namespace perdure {
namespace {

std::atomic<Mutator *> registry{nullptr};

pthread_key_t exit_key(void (*destructor)(void *)) {
  static pthread_key_t key = [destructor] {
    pthread_key_t made;
    PERDURE_CHECK(pthread_key_create(&made, destructor) == 0, "no thread-specific key left");
    return made;
  }();
  return key;
}

} // namespace

void (*Mutator::on_thread_end)() = nullptr;
void (*Mutator::before_cut)() = nullptr;
__thread Mutator *Mutator::current_ = nullptr;
__thread uint32_t Mutator::in_handler = 0;

Mutator *Mutator::first() { return registry.load(std::memory_order_acquire); }

Mutator &Mutator::current() {
  if (__builtin_expect(!current_, 0)) {
    current_ = claim();
    pthread_setspecific(exit_key(thread_ended), current_);
  }
  return *current_;
}

Mutator *Mutator::claim() {
  for (Mutator *mutator = first(); mutator; mutator = mutator->next_) {
    bool free = false;
    if (!mutator->owned_.load(std::memory_order_relaxed) &&
        mutator->owned_.compare_exchange_strong(free, true, std::memory_order_acq_rel))
      return mutator;
  }
  // mmap, not malloc: the first store of a thread may happen in a signal handler.
  void *memory =
      mmap(nullptr, sizeof(Mutator), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    end_without_memory("a thread's write set");
  auto *mutator = new (memory) Mutator;
  if (__lsan_register_root_region)
    __lsan_register_root_region(mutator, sizeof *mutator);
  Mutator *head = registry.load(std::memory_order_relaxed);
  do
    mutator->next_ = head;
  while (!registry.compare_exchange_weak(head, mutator, std::memory_order_release,
                                         std::memory_order_relaxed));
  return mutator;
}

// The write set stays in the registry for the next cut. A unit left open by the thread (it was
// cancelled, or called pthread_exit inside) ends here, as it would on return.
void Mutator::thread_ended(void *argument) {
  auto *mutator = static_cast<Mutator *>(argument);
  if (on_thread_end)
    on_thread_end();
  for (uint32_t lane = 0; lane < PERDURE_LANES; lane++) {
    WriteSet &set = mutator->set(lane);
    set.detach(&perdure_thread.next[lane]);
    set.settle(0);
  }
  mutator->paused_ = 0;
  mutator->held_count_ = 0;
  if (mutator->depth_ != 0) {
    mutator->depth_ = 0;
    mutator->leave();
  }
  current_ = nullptr;
  mutator->owned_.store(false, std::memory_order_release);
}

void Mutator::enter() {
  if (in_unit_.load(std::memory_order_relaxed) == kInside)
    return; // a handler entered, after depth_ counted our unit
  if (backlog() > kMaxBacklog)
    Epochs::instance().throttle(*this);
  for (;;) {
    in_unit_.store(kEntering, std::memory_order_seq_cst);
    if (!Epochs::cut_pending.load(std::memory_order_seq_cst) || !takes(Step::kUnitBacksOut)) {
      in_unit_.store(kInside, std::memory_order_release);
      return;
    }
    in_unit_.store(kOutside, std::memory_order_release);
    int saved = errno; // locks and free() leave it alone; a wait of ours may set it
    Epochs::wait_for_cut();
    errno = saved;
  }
}

void Mutator::settle_lanes() {
  if (in_handler != 0)
    return;
  for (uint32_t lane = PERDURE_LANE_AHEAD; lane < PERDURE_LANES; lane++)
    set(lane).settle(perdure_thread.next[lane]);
}

void Mutator::leave() {
  settle();
  std::atomic_signal_fence(std::memory_order_seq_cst); // depth_ is 0
  in_unit_.store(kOutside, std::memory_order_release);
  if (Epochs::single_mutator)
    Epochs::instance().commit_single();
}

void Mutator::unit_begin() {
  // Counted first. A handler that comes in between enters, and its end leaves depth_ at 1.
  depth_ = depth_ + 1;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (in_unit_.load(std::memory_order_relaxed) != kInside) {
    settle();
    enter();
  }
}

void Mutator::unit_end() {
  PERDURE_CHECK(depth_ != 0, "a unit ended that was not begun");
  if (--depth_ == 0)
    leave();
}

void Mutator::unwind(uint32_t depth) {
  if (depth_ <= depth)
    return;
  depth_ = depth;
  if (depth_ == 0)
    leave();
}

void Mutator::pause() {
  PERDURE_CHECK(paused_ < kMaxPaused, "commit points nest too deeply");
  paused_depth_[paused_++] = depth_;
  depth_ = 0;
  leave();
}

void Mutator::resume() {
  PERDURE_CHECK(paused_ != 0, "a commit point was left that was not entered");
  uint32_t depth = paused_depth_[--paused_];
  if (depth == 0 && !Epochs::units_between_commit_points)
    return;
  depth_ = depth ? depth : 1;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  enter();
}

void Mutator::lock_taken(const void *lock) {
  PERDURE_CHECK(held_count_ < kMaxHeld, "a thread holds too many unit-bounding locks");
  held_[held_count_++] = lock;
}

bool Mutator::holds(const void *lock) const {
  for (uint32_t i = held_count_; i-- > 0;)
    if (held_[i] == lock)
      return true;
  return false;
}

bool Mutator::lock_released(const void *lock) {
  for (uint32_t i = held_count_; i-- > 0;) {
    if (held_[i] != lock)
      continue;
    held_[i] = held_[--held_count_]; // order does not matter: locks are released in any order
    return true;
  }
  return false;
}

void Mutator::keep_only_current() {
  for (Mutator *mutator = first(); mutator; mutator = mutator->next_) {
    if (mutator == current_)
      continue;
    mutator->in_unit_.store(kOutside, std::memory_order_relaxed);
    mutator->depth_ = mutator->paused_ = mutator->held_count_ = 0;
    mutator->owned_.store(false, std::memory_order_relaxed);
  }
}

} // namespace perdure
