// SPDX-License-Identifier: Apache-2.0
#include "unit_locks.h"
#include "check.h"
#include <cstdint>
#include <malloc.h>

namespace perdure {
namespace {

struct LockVariable {
  uint64_t begin, end;            // of the variable
  bool points_to;                 // to a heap block of locks
  std::atomic<uint64_t> block{0}; // the block last seen, and its end
  std::atomic<uint64_t> block_end{0};
};

constexpr uint32_t kMaxVariables = 256;
LockVariable variables[kMaxVariables];

bool in_block(LockVariable &variable, uint64_t lock) {
  uint64_t block = *reinterpret_cast<volatile uint64_t *>(variable.begin);
  if (block == 0 || lock < block)
    return false;
  if (variable.block.load(std::memory_order_acquire) != block) {
    size_t size = malloc_usable_size(reinterpret_cast<void *>(block));
    variable.block_end.store(block + size, std::memory_order_relaxed);
    variable.block.store(block, std::memory_order_release);
  }
  return lock < variable.block_end.load(std::memory_order_relaxed);
}

} // namespace

uint32_t UnitLocks::count_ = 0;

void UnitLocks::add(const perdure_lock_info &info) {
  auto begin = reinterpret_cast<uint64_t>(info.variable);
  for (uint32_t i = 0; i < count_; i++)
    if (variables[i].begin == begin)
      return; // declared in several modules
  PERDURE_CHECK(count_ < kMaxVariables, "more than 256 lock variables are declared unit bounds");
  LockVariable &variable = variables[count_];
  variable.begin = begin;
  variable.end = begin + info.size;
  variable.points_to = info.kind == PERDURE_LOCK_POINTS_TO;
  count_++;
}

bool UnitLocks::search(const void *address) {
  auto lock = reinterpret_cast<uint64_t>(address);
  for (uint32_t i = 0; i < count_; i++) {
    LockVariable &variable = variables[i];
    if (variable.points_to ? in_block(variable, lock)
                           : lock - variable.begin < variable.end - variable.begin)
      return true;
  }
  return false;
}

} // namespace perdure
