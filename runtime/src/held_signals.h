// SPDX-License-Identifier: Apache-2.0
//
// Holding signals without a system call: commits and held outputs are too short for two of them.
// The runtime's handler (interpose_signals.cpp) puts off what comes meanwhile: it keeps the signal,
// and returns with all others blocked; the end of the hold delivers it.
#pragma once

#include "uninterrupted.h"
#include <csignal>
#include <optional>

namespace perdure {

// Like an Uninterrupted (uninterrupted.h), for short work that makes no system call which a signal
// could end: while it exists, a handler that would run on this thread is put off to its end. Those
// of faults run at once. May be nested, and in an Uninterrupted.
class HeldSignals {
public:
  HeldSignals() {}
  HeldSignals(const HeldSignals &) = delete;
  HeldSignals &operator=(const HeldSignals &) = delete;

private:
  class Hold {
  public:
    Hold();
    ~Hold();

  private:
    std::optional<Uninterrupted> masked_; // if handlers are not the runtime's
  };
  Hold hold_; // let go last: the handler that was put off may jump away
  NoCancellation no_cancellation_;
};

struct PutOffSignal {
  volatile int number; // 0: none
  siginfo_t info;
  sigset_t mask; // the thread's
};

// In a handler of the runtime's, called with these. True if the thread holds signals: it returns at
// once then.
bool put_off(int number, const siginfo_t &info, void *context);

// From now on handlers ask put_off(), and DELIVER is called for what was.
void hold_without_masking(void (*deliver)(PutOffSignal &signal));

} // namespace perdure
