// SPDX-License-Identifier: Apache-2.0
//
// sigaction and signal: the kernel gets a handler of the runtime's, which counts and calls the
// program's; who asks is told of the program's. See signal_handlers.h.
#include "mutator.h"
#include "next_symbol.h"
#include "runtime.h"
#include "signal_handlers.h"
#include <atomic>
#include <cerrno>
#include <csignal>

PERDURE_NEXT(sigaction);
PERDURE_NEXT(signal);
PERDURE_NEXT(__sysv_signal);

namespace perdure {
namespace {

using Action = void (*)(int, siginfo_t *, void *);

// Async-signal-safe, as sigaction is: each field is one word.
struct Installed {
  std::atomic<Action> handler{nullptr};
  std::atomic<bool> takes_info{false}; // the program said SA_SIGINFO
};
Installed installed[NSIG];
std::atomic<bool> counting{false};

void run_handler(int number, siginfo_t *info, void *context) {
  ++Mutator::in_handler;
  installed[number].handler.load(std::memory_order_acquire)(number, info, context);
  --Mutator::in_handler;
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
  if (!counting.load(std::memory_order_acquire) || number <= 0 || number >= NSIG)
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

void count_signal_handlers() {
  if (counting.load(std::memory_order_relaxed))
    return;
  next_sigaction.look_up(); // now: a handler must not be the first to need it
  counting.store(true, std::memory_order_release);
  // Those that are there already: a module may be loaded when the program has long begun.
  for (int number = 1; number < NSIG; number++) {
    struct sigaction action;
    if (next_sigaction(number, nullptr, &action) == 0 && is_function(action) &&
        action.sa_sigaction != run_handler)
      install(number, &action, nullptr);
  }
}

} // namespace perdure

extern "C" {

PERDURE_EXPORT int sigaction(int number, const struct sigaction *action,
                             struct sigaction *old) noexcept {
  return perdure::install(number, action, old);
}
PERDURE_EXPORT void (*signal(int number, void (*handler)(int)) noexcept)(int) {
  if (!perdure::counting.load(std::memory_order_acquire))
    return next_signal(number, handler);
  return perdure::install_simple(number, handler, SA_RESTART);
}
PERDURE_EXPORT void (*__sysv_signal(int number, void (*handler)(int)) noexcept)(int) {
  if (!perdure::counting.load(std::memory_order_acquire))
    return next___sysv_signal(number, handler);
  return perdure::install_simple(number, handler, SA_RESETHAND | SA_NODEFER);
}

} // extern "C"
