// Intent: whichever function installs a handler, the program finds its own again, with that function's
// manners: sysv_signal's is gone after one signal, sigset's tells whether the signal was blocked.
//
// RUN: %perdure-cc -O2 %s -o %t && rm -rf %t.pool && env PERDURE_POOL=%t.pool %t 2>&1 | FileCheck %s
// CHECK: handled 6, all as without a pool
#define _GNU_SOURCE
#include <perdure/annotations.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

extern sighandler_t bsd_signal(int, sighandler_t);

PERDURE_PERSISTENT static long updates;
static volatile int handled;

static void on_signal(int number) {
  (void)number;
  handled++;
}
static void expect(int holds, const char *what) {
  if (!holds) {
    printf("not so: %s\n", what);
    exit(1);
  }
}
static int is_blocked(int number) {
  sigset_t mask;
  sigprocmask(SIG_SETMASK, NULL, &mask);
  return sigismember(&mask, number);
}
static sighandler_t known(int number) {
  struct sigaction action;
  sigaction(number, NULL, &action);
  return action.sa_handler;
}

int main(void) {
  updates++;
  expect(signal(SIGUSR1, on_signal) == SIG_DFL, "signal: default before");
  raise(SIGUSR1);
  expect(bsd_signal(SIGUSR1, on_signal) == on_signal, "bsd_signal: ours before");
  raise(SIGUSR1);
  expect(ssignal(SIGUSR1, on_signal) == on_signal, "ssignal: ours before");
  raise(SIGUSR1);
  expect(sysv_signal(SIGUSR1, on_signal) == on_signal, "sysv_signal: ours before");
  raise(SIGUSR1);
  expect(known(SIGUSR1) == SIG_DFL, "sysv_signal: default again");
  expect(sigset(SIGUSR2, SIG_HOLD) == SIG_DFL && is_blocked(SIGUSR2), "sigset: blocks");
  expect(sigset(SIGUSR2, on_signal) == SIG_HOLD && !is_blocked(SIGUSR2), "sigset: unblocks");
  raise(SIGUSR2);
  expect(sigset(SIGUSR2, on_signal) == on_signal && known(SIGUSR2) == on_signal, "sigset: ours");
  raise(SIGUSR2);
  expect(signal(SIGKILL, on_signal) == SIG_ERR && signal(99, on_signal) == SIG_ERR, "refused");
  printf("handled %d, all as without a pool\n", handled);
  return 0;
}
