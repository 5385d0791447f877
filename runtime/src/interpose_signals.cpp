// SPDX-License-Identifier: Apache-2.0
//
// sigaction, signal and its kin: the kernel gets a handler of the runtime's, which calls the
// program's; who asks is told of the program's. See signal_handlers.h.
#include "held_signals.h"
#include "mutator.h"
#include "next_symbol.h"
#include "runtime.h"
#include "signal_handlers.h"
#include <atomic>
#include <cerrno>
#include <csignal>
#include <ucontext.h>

PERDURE_NEXT(sigaction);
PERDURE_NEXT(signal);
PERDURE_NEXT(__sysv_signal);
PERDURE_NEXT(sigset);

namespace perdure {
namespace {

using Action = void (*)(int, siginfo_t *, void *);

// Async-signal-safe, as sigaction is: each field is one word.
struct Installed {
  std::atomic<Action> handler{nullptr};
  std::atomic<bool> takes_info{false}; // the program said SA_SIGINFO
};
Installed installed[NSIG];
std::atomic<bool> wrapping{false};

void call_handler(int number, siginfo_t *info, void *context) {
  ++Mutator::in_handler;
  installed[number].handler.load(std::memory_order_acquire)(number, info, context);
  --Mutator::in_handler;
}

void run_handler(int number, siginfo_t *info, void *context) {
  if (!put_off(number, *info, context))
    call_handler(number, info, context);
}

// As the kernel would have called it, but for the interrupted registers, which are the runtime's.
void deliver(PutOffSignal &signal) {
  ucontext_t context = {};
  context.uc_sigmask = signal.mask;
  struct sigaction action;
  next_sigaction(signal.number, nullptr, &action);
  sigset_t during;
  sigorset(&during, &signal.mask, &action.sa_mask);
  if (!(action.sa_flags & SA_NODEFER))
    sigaddset(&during, signal.number);
  const int saved = errno;
  pthread_sigmask(SIG_SETMASK, &during, nullptr);
  call_handler(signal.number, &signal.info, &context);
  pthread_sigmask(SIG_SETMASK, &signal.mask, nullptr);
  errno = saved;
}

// Whatever the flags say: the kernel, too, looks for these two in either of the union's members.
bool is_function(const struct sigaction &action) {
  return action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
}

// What the program installed, in place of what the kernel has.
void show(struct sigaction &action, Action handler, bool takes_info) {
  if (!(action.sa_flags & SA_SIGINFO) || action.sa_sigaction != run_handler)
    return;
  action.sa_sigaction = handler;
  if (!takes_info)
    action.sa_flags &= ~SA_SIGINFO;
}

int install(int number, const struct sigaction *action, struct sigaction *old) noexcept {
  if (!wrapping.load(std::memory_order_acquire) || number <= 0 || number >= NSIG)
    return next_sigaction(number, action, old);
  Installed &known = installed[number];
  Action handler = known.handler.load(std::memory_order_acquire);
  bool takes_info = known.takes_info.load(std::memory_order_relaxed);
  struct sigaction counted;
  if (action && is_function(*action)) {
    counted = *action; // not refused: only numbers are that can have no handler
    known.takes_info.store(action->sa_flags & SA_SIGINFO, std::memory_order_relaxed);
    known.handler.store(action->sa_sigaction, std::memory_order_release);
    counted.sa_sigaction = run_handler;
    counted.sa_flags |= SA_SIGINFO;
    action = &counted;
  }
  int result = next_sigaction(number, action, old);
  if (result == 0 && old)
    show(*old, handler, takes_info);
  return result;
}

void (*install_simple(int number, void (*handler)(int), int flags) noexcept)(int) {
  if (handler == SIG_ERR) {
    errno = EINVAL;
    return SIG_ERR;
  }
  struct sigaction action = {}, old;
  action.sa_handler = handler;
  action.sa_flags = flags;
  return install(number, &action, &old) == 0 ? old.sa_handler : SIG_ERR;
}

} // namespace

void wrap_signal_handlers() {
  if (wrapping.load(std::memory_order_relaxed))
    return;
  next_sigaction.look_up(); // now: a handler must not be the first to need it
  wrapping.store(true, std::memory_order_release);
  // Those that are there already: a module may be loaded when the program has long begun.
  for (int number = 1; number < NSIG; number++) {
    struct sigaction action;
    if (next_sigaction(number, nullptr, &action) == 0 && is_function(action) &&
        action.sa_sigaction != run_handler)
      install(number, &action, nullptr);
  }
  hold_without_masking(deliver);
}

} // namespace perdure

extern "C" {

using Handler = void (*)(int);

PERDURE_EXPORT int sigaction(int number, const struct sigaction *action,
                             struct sigaction *old) noexcept {
  return perdure::install(number, action, old);
}
PERDURE_EXPORT Handler signal(int number, Handler handler) noexcept {
  if (!perdure::wrapping.load(std::memory_order_acquire))
    return next_signal(number, handler);
  return perdure::install_simple(number, handler, SA_RESTART);
}
PERDURE_EXPORT Handler bsd_signal(int, Handler) noexcept __attribute__((alias("signal")));
PERDURE_EXPORT Handler ssignal(int, Handler) noexcept __attribute__((alias("signal")));
PERDURE_EXPORT Handler __sysv_signal(int number, Handler handler) noexcept {
  if (!perdure::wrapping.load(std::memory_order_acquire))
    return next___sysv_signal(number, handler);
  return perdure::install_simple(number, handler, SA_RESETHAND | SA_NODEFER);
}
PERDURE_EXPORT Handler sysv_signal(int, Handler) noexcept __attribute__((alias("__sysv_signal")));
// Also changes whether the signal is blocked, and tells whether it was.
PERDURE_EXPORT Handler sigset(int number, Handler handler) noexcept {
  if (!perdure::wrapping.load(std::memory_order_acquire) || handler == SIG_HOLD)
    return next_sigset(number, handler);
  sigset_t mask, before;
  sigemptyset(&mask);
  if (sigaddset(&mask, number) != 0)
    return SIG_ERR;
  Handler shown = perdure::install_simple(number, handler, 0);
  if (shown == SIG_ERR || pthread_sigmask(SIG_UNBLOCK, &mask, &before) != 0)
    return SIG_ERR;
  return sigismember(&before, number) ? SIG_HOLD : shown;
}

} // extern "C"
