// SPDX-License-Identifier: Apache-2.0
//
// Intent: a signal handler that stores to the pool interrupts threads that store to it, between any
// two instructions of a hook, while cuts are taken: no store of either is lost.
// RUN: rm -rf %t && mkdir -p %t
// RUN: %perdure-cc -O2 -pthread -Wall -Werror %s -o %t/inline
// RUN: %perdure-cc -O0 -pthread -Wall -Werror %s -o %t/called
// RUN: env PERDURE_POOL=%t/a not --crash %t/inline > %t/a.before
// RUN: env PERDURE_POOL=%t/a %t/inline > %t/a.after
// RUN: diff %t/a.before %t/a.after
// RUN: env PERDURE_POOL=%t/b not --crash %t/called > %t/b.before
// RUN: env PERDURE_POOL=%t/b %t/called > %t/b.after
// RUN: diff %t/b.before %t/b.after
#define _GNU_SOURCE
#include <perdure/annotations.h>
#include <perdure/perdure.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { kThreads = 2, kCells = 1 << 20, kHandlerCells = 1 << 18, kPerSignal = 8, kSeconds = 1 };

// Each cell is written once, so that no later store covers for a lost one.
PERDURE_PERSISTENT long cells[kThreads][kCells];
PERDURE_PERSISTENT long handled[kThreads][kHandlerCells];
static __thread int self;
static __thread long next_handled;
static atomic_int running = kThreads;

static void handler(int signal) {
  (void)signal;
  for (int i = 0; i < kPerSignal && next_handled < kHandlerCells; i++, next_handled++)
    handled[self][next_handled] = next_handled + 1;
}

static void start_timer(void) {
  struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
  event._sigev_un._tid = gettid();
  timer_t timer;
  struct itimerspec every = {{0, 20000}, {0, 20000}};
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) || timer_settime(timer, 0, &every, NULL))
    perror("timer");
}

static void *store(void *index) {
  self = (int)(long)index;
  start_timer();
  struct timespec start, now;
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (long i = 0; i < kCells; i++) {
    cells[self][i] = i ^ 0x5555;
    if (i % 4096 == 0) { // until the time is up at the latest
      clock_gettime(CLOCK_MONOTONIC, &now);
      if (now.tv_sec - start.tv_sec > kSeconds)
        break;
    }
  }
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, NULL);
  atomic_fetch_sub(&running, 1);
  return NULL;
}

static unsigned long sum(const long *values, long count) {
  unsigned long hash = 5381;
  for (long i = 0; i < count; i++)
    hash = hash * 33 + (unsigned long)values[i];
  return hash;
}

static void show(void) {
  for (int i = 0; i < kThreads; i++)
    printf("%lx %lx %s\n", sum(cells[i], kCells), sum(handled[i], kHandlerCells),
           handled[i][99] == 100 ? "interrupted" : "hardly ever interrupted");
  fflush(stdout);
}

int main(void) {
  if (perdure_recovered()) {
    show();
    return 0;
  }
  signal(SIGUSR1, handler);
  pthread_t threads[kThreads];
  for (long i = 0; i < kThreads; i++)
    pthread_create(&threads[i], NULL, store, (void *)i);
  while (atomic_load(&running))
    perdure_sync();
  for (int i = 0; i < kThreads; i++)
    pthread_join(threads[i], NULL);
  show();
  perdure_sync();
  kill(getpid(), SIGKILL);
}
