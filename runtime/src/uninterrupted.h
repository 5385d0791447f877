// SPDX-License-Identifier: Apache-2.0
//
// Around what the runtime does under its own locks on a thread of the program. While an
// Uninterrupted exists the thread runs no signal handler (one that sends output or enters a unit
// takes the locks that the interrupted code holds) and is not cancelled (waits and I/O are
// cancellation points; a lock would stay taken). Faults stay unblocked: blocked they would kill.
//
// A wait that can take long is made of short ones, each in an Uninterrupted of its own, so that
// signals come through in between.
#pragma once

#include <chrono>
#include <csignal>
#include <pthread.h>

namespace perdure {

// The longest that a handler waits for a thread of the program that waits in the runtime.
inline constexpr std::chrono::milliseconds kSignalDelayMax{20};

class NoCancellation {
public:
  NoCancellation() { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
  ~NoCancellation() { pthread_setcancelstate(before_, nullptr); }
  NoCancellation(const NoCancellation &) = delete;
  NoCancellation &operator=(const NoCancellation &) = delete;

private:
  int before_;
};

// Those that the thread's own instructions raise.
inline constexpr int kFaults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT};

inline sigset_t all_but_faults() {
  sigset_t signals;
  sigfillset(&signals);
  for (int fault : kFaults)
    sigdelset(&signals, fault);
  return signals;
}

class Uninterrupted {
public:
  Uninterrupted() {
    if (nested_++ != 0)
      return;
    const sigset_t signals = all_but_faults();
    pthread_sigmask(SIG_BLOCK, &signals, &before_);
  }
  ~Uninterrupted() {
    if (--nested_ == 0)
      pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  Uninterrupted(const Uninterrupted &) = delete;
  Uninterrupted &operator=(const Uninterrupted &) = delete;

private:
  static inline __thread unsigned nested_ = 0;
  NoCancellation no_cancellation_;
  sigset_t before_;
};

} // namespace perdure
