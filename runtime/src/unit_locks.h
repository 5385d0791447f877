// SPDX-License-Identifier: Apache-2.0
//
// The allow-list of locks whose outermost section is a unit. Only locks that the port names count:
// control mutexes held for a thread's lifetime would make units that never end.
//
// A thread enters its unit before it takes the lock. Entering with the lock held would make the
// cutter wait for a thread inside a unit that waits for that lock.
#pragma once

#include "mutator.h"
#include "perdure/abi.h"

namespace perdure {

class UnitLocks {
public:
  // Adds a lock variable. Not while threads use locks of the list (module registration).
  static void add(const perdure_lock_info &info);
  static bool listed(const void *lock) { return __builtin_expect(count_ != 0, 0) && search(lock); }

private:
  static bool search(const void *lock);
  static uint32_t count_;
};

// Takes LOCK by calling ACQUIRE (0: taken) inside a unit.
template <typename Acquire> int acquire_as_unit(const void *lock, Acquire acquire) {
  Mutator &mutator = Mutator::current();
  mutator.unit_begin();
  int result = acquire();
  if (result == 0)
    mutator.lock_taken(lock);
  else
    mutator.unit_end();
  return result;
}

template <typename Acquire> int acquire(const void *lock, Acquire call) {
  return UnitLocks::listed(lock) ? acquire_as_unit(lock, call) : call();
}

// Releases LOCK by calling RELEASE; the unit ends with the last listed lock, whatever the order.
template <typename Release> int release(const void *lock, Release call) {
  Mutator *mutator = Mutator::current_or_null();
  bool bounds_unit = mutator && mutator->lock_released(lock);
  if (mutator)
    mutator->settle();
  int result = call();
  if (bounds_unit)
    mutator->unit_end();
  return result;
}

// Waits on a condition variable by calling WAIT, which releases LOCK and takes it again: also for a
// thread that is cancelled there, whose cleanup handlers run with the lock, and so in a unit.
template <typename Wait> int wait_released(const void *lock, Wait call) {
  Mutator *mutator = Mutator::current_or_null();
  if (!mutator || !mutator->lock_released(lock))
    return call();
  mutator->unit_end();
  struct Retaken {
    Mutator &mutator;
    const void *lock;
    ~Retaken() {
      mutator.unit_begin();
      mutator.lock_taken(lock);
    }
  } retaken{*mutator, lock};
  return call();
}

} // namespace perdure
