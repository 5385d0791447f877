// SPDX-License-Identifier: Apache-2.0
//
// Intent: threads are cancelled at any of the runtime's waits (for the disk, for a cut, for space,
// in an allocation, in gated output) and of the program's own. No lock of the runtime stays taken,
// no unit open; what a cleanup handler stores under its lock is a unit with what was stored before.
// RUN: rm -rf %t && mkdir -p %t
// RUN: %perdure-cc -O2 -pthread -Wall -Werror %s -o %t/test
// RUN: env PERDURE_POOL=%t/pool,log_size=64K not --crash %t/test > %t/before
// RUN: FileCheck %s < %t/before
// RUN: env PERDURE_POOL=%t/pool %t/test | FileCheck %s --check-prefix=AGAIN
// RUN: %perdure-tool check %t/pool
// CHECK: cancelled 300 times
// AGAIN: sound
#define _GNU_SOURCE
#include <perdure/annotations.h>
#include <perdure/perdure.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { kThreads = 3, kRounds = 100, kSize = 3000 };

PERDURE_PERSISTENT long left, right; // equal whenever the lock is free
PERDURE_PERSISTENT char *blocks[kThreads];
PERDURE_LOCK pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t nobody = PTHREAD_COND_INITIALIZER;
static int ends[kThreads][2];

static atomic_int dying; // 1: the next handler stops half-way; 2: it has

static void put_right(void *unused) {
  (void)unused;
  left++;
  if (atomic_load(&dying) == 1) {
    atomic_store(&dying, 2);
    pause(); // until the process is killed
  }
  right = left;
  pthread_mutex_unlock(&lock);
}

// Ends in its handler, in the wait.
static void *wait_for_ever(void *unused) {
  pthread_mutex_lock(&lock);
  pthread_cleanup_push(put_right, NULL);
  while (1)
    pthread_cond_wait(&nobody, &lock);
  pthread_cleanup_pop(1);
  return unused;
}

static void *sync_it(void *unused) {
  perdure_sync();
  return unused;
}

static void *work(void *index) {
  const long self = (long)index;
  unsigned seed = (unsigned)self + (unsigned)time(NULL);
  for (;;) {
    pthread_mutex_lock(&lock);
    pthread_cleanup_push(put_right, NULL);
    struct timespec soon;
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += 200000;
    if (rand_r(&seed) % 4 == 0) // a cancellation point with the lock
      pthread_cond_timedwait(&nobody, &lock, &soon);
    char *made = malloc((size_t)(rand_r(&seed) % 5 == 0 ? 5 << 20 : kSize));
    memset(made, (int)self, kSize);
    free(blocks[self]);
    blocks[self] = made;
    pthread_cleanup_pop(1);
    if (rand_r(&seed) % 2)
      perdure_sync();
    (void)!send(ends[self][0], "done", 4, MSG_DONTWAIT);
    char ignored[64];
    (void)!recv(ends[self][1], ignored, sizeof ignored, MSG_DONTWAIT);
  }
  return NULL;
}

int main(void) {
  if (perdure_recovered()) {
    puts(left == right ? "sound" : "a unit was torn");
    return 0;
  }
  alarm(60);
  unsigned seed = 1;
  int count = 0;
  for (int i = 0; i < kThreads; i++)
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends[i]))
      return 1;
  for (int round = 0; round < kRounds; round++) {
    pthread_t threads[kThreads];
    for (long i = 0; i < kThreads; i++)
      pthread_create(&threads[i], NULL, work, (void *)i);
    for (int i = 0; i < kThreads; i++) {
      usleep((unsigned)(rand_r(&seed) % 3000));
      pthread_cancel(threads[i]);
    }
    for (int i = 0; i < kThreads; i++) {
      void *result;
      pthread_join(threads[i], &result);
      count += result == PTHREAD_CANCELED;
    }
    if (pthread_mutex_trylock(&lock))
      return puts("the lock is held by nobody alive"), 1;
    if (left != right)
      return puts("a cleanup handler did not run"), 1;
    pthread_mutex_unlock(&lock);
    if (perdure_sync() != 0)
      return puts("perdure_sync() failed"), 1;
  }
  // A cut now must not take the half of what a handler stores under its lock.
  pthread_t waiter, syncer;
  pthread_create(&waiter, NULL, wait_for_ever, NULL);
  usleep(50000);
  atomic_store(&dying, 1);
  pthread_cancel(waiter);
  while (atomic_load(&dying) != 2)
    usleep(1000);
  pthread_create(&syncer, NULL, sync_it, NULL);
  usleep(300000);
  printf("cancelled %d times\n", count);
  fflush(stdout);
  kill(getpid(), SIGKILL);
}
