// SPDX-License-Identifier: Apache-2.0
#include "deferred_frees.h"
#include "mutator.h"
#include "runtime.h"
#include <atomic>

namespace perdure {
namespace {

std::atomic<Mutator *> single{nullptr}; // who passed a commit point last; null: nobody yet
std::atomic<void *> listed{nullptr};

} // namespace

bool defer_free(void *block) {
  Mutator *mutator = single.load(std::memory_order_acquire);
  if (!mutator || mutator == Mutator::current_or_null())
    return false;
  auto *link = static_cast<std::atomic<void *> *>(block); // no block is smaller
  void *before = listed.load(std::memory_order_relaxed);
  do {
    link->store(before, std::memory_order_relaxed);
    record(block, sizeof before, PERDURE_LANE_RELAXED);
  } while (!listed.compare_exchange_weak(before, block, std::memory_order_release,
                                         std::memory_order_relaxed));
  return true;
}

void run_deferred_frees() {
  single.store(&Mutator::current(), std::memory_order_release);
  if (!listed.load(std::memory_order_relaxed))
    return;
  Heap &heap = Runtime::instance().heap();
  for (void *block = listed.exchange(nullptr, std::memory_order_acquire); block;) {
    void *next = static_cast<std::atomic<void *> *>(block)->load(std::memory_order_relaxed);
    heap.free(block);
    block = next;
  }
}

} // namespace perdure
