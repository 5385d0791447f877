// SPDX-License-Identifier: Apache-2.0
#include "held_signals.h"
#include <algorithm>
#include <atomic>
#include <cstring>
#include <iterator>
#include <ucontext.h>

namespace perdure {
namespace {

constexpr size_t kMaskBytes = 8; // of a mask in the kernel's frame; what follows is another thing

std::atomic<void (*)(PutOffSignal &)> deliver{nullptr};
// At most one: its handler returns with all the others blocked.
__thread PutOffSignal waiting;
__thread volatile uint32_t held;

bool is_fault(int number) {
  return std::find(std::begin(kFaults), std::end(kFaults), number) != std::end(kFaults);
}

} // namespace

void hold_without_masking(void (*function)(PutOffSignal &)) {
  deliver.store(function, std::memory_order_release);
}

bool put_off(int number, const siginfo_t &info, void *context) {
  if (held == 0 || is_fault(number))
    return false;
  sigset_t *mask = &static_cast<ucontext_t *>(context)->uc_sigmask;
  const sigset_t blocked = all_but_faults();
  waiting.info = info;
  sigemptyset(&waiting.mask);
  std::memcpy(&waiting.mask, mask, kMaskBytes);
  waiting.number = number;
  std::memcpy(mask, &blocked, kMaskBytes);
  return true;
}

HeldSignals::Hold::Hold() {
  if (!deliver.load(std::memory_order_relaxed)) {
    masked_.emplace();
    return;
  }
  held = held + 1;
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

HeldSignals::Hold::~Hold() {
  if (masked_)
    return;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  held = held - 1;
  if (__builtin_expect(waiting.number == 0, 1) || held != 0)
    return;
  PutOffSignal signal = waiting;
  waiting.number = 0;
  deliver.load(std::memory_order_relaxed)(signal);
}

} // namespace perdure
