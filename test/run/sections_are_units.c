// SPDX-License-Identifier: Apache-2.0
//
// Intent: a section under a declared lock is a unit, whatever the kind of lock and however it is
// declared: killed inside, nothing of it is there; under a lock that is not declared, it is. A wait
// for a condition ends the unit.
// RUN: rm -rf %t && mkdir -p %t
// RUN: %perdure-cc -O1 -pthread -Wall -Werror %s -o %t/test
// RUN: env PERDURE_POOL=%t/pool not --crash %t/test mutex | FileCheck %s --check-prefix=NONE
// RUN: env PERDURE_POOL=%t/pool not --crash %t/test trylock | FileCheck %s --check-prefix=NONE
// RUN: env PERDURE_POOL=%t/pool not --crash %t/test array | FileCheck %s --check-prefix=NONE
// RUN: env PERDURE_POOL=%t/pool not --crash %t/test heap | FileCheck %s --check-prefix=NONE
// RUN: env PERDURE_POOL=%t/pool not --crash %t/test rwlock | FileCheck %s --check-prefix=NONE
// RUN: env PERDURE_POOL=%t/pool not --crash %t/test spin | FileCheck %s --check-prefix=NONE
// RUN: env PERDURE_POOL=%t/pool not --crash %t/test c11 | FileCheck %s --check-prefix=NONE
// RUN: env PERDURE_POOL=%t/pool not --crash %t/test field | FileCheck %s --check-prefix=NONE
// RUN: env PERDURE_POOL=%t/pool not --crash %t/test tryfield | FileCheck %s --check-prefix=NONE
// RUN: env PERDURE_POOL=%t/pool not --crash %t/test wait | FileCheck %s --check-prefix=NONE
// RUN: env PERDURE_POOL=%t/pool not --crash %t/test other | FileCheck %s --check-prefix=WAITED
// RUN: env PERDURE_POOL=%t/pool %t/test show | FileCheck %s --check-prefix=OTHER
// NONE: value 0, before the wait 0
// WAITED: value 0, before the wait 1
// OTHER: value 7, before the wait 1
#include <perdure/annotations.h>
#include <perdure/perdure.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

struct box {
  PERDURE_LOCK pthread_mutex_t lock;
  int contents;
};

PERDURE_PERSISTENT int value, before_wait;
PERDURE_LOCK static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
PERDURE_LOCK static pthread_mutex_t array[8];
PERDURE_LOCK static pthread_mutex_t *heap;
PERDURE_LOCK static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
PERDURE_LOCK static pthread_spinlock_t spin;
PERDURE_LOCK static mtx_t c11;
static pthread_mutex_t other = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;

static int enter(const char *how, struct box *box) {
  if (!strcmp(how, "mutex"))
    return pthread_mutex_lock(&mutex);
  if (!strcmp(how, "trylock"))
    return pthread_mutex_trylock(&mutex);
  if (!strcmp(how, "array"))
    return pthread_mutex_lock(&array[5]);
  if (!strcmp(how, "heap"))
    return pthread_mutex_lock(&heap[2]);
  if (!strcmp(how, "rwlock"))
    return pthread_rwlock_wrlock(&rwlock);
  if (!strcmp(how, "spin"))
    return pthread_spin_lock(&spin);
  if (!strcmp(how, "c11"))
    return mtx_lock(&c11) != thrd_success;
  if (!strcmp(how, "field"))
    return pthread_mutex_lock(&box->lock);
  if (!strcmp(how, "tryfield"))
    return pthread_mutex_trylock(&box->lock);
  if (!strcmp(how, "other"))
    return pthread_mutex_lock(&other);
  struct timespec soon;
  clock_gettime(CLOCK_REALTIME, &soon);
  soon.tv_sec++;
  pthread_mutex_lock(&mutex);
  before_wait = 1;
  return pthread_cond_timedwait(&condition, &mutex, &soon) == 0;
}

int main(int argc, char **argv) {
  printf("value %d, before the wait %d\n", value, before_wait);
  fflush(stdout);
  if (argc < 2 || strcmp(argv[1], "show") == 0)
    return 0;
  struct box *box = malloc(sizeof *box);
  pthread_mutex_init(&box->lock, NULL);
  heap = malloc(4 * sizeof *heap);
  for (int i = 0; i < 4; i++)
    pthread_mutex_init(&heap[i], NULL);
  for (int i = 0; i < 8; i++)
    pthread_mutex_init(&array[i], NULL);
  pthread_spin_init(&spin, 0);
  mtx_init(&c11, mtx_plain);
  if (enter(argv[1], box) != 0)
    return 1;
  value = 7;
  perdure_sync();
  usleep(200000); // the committer alone would have cut by now
  kill(getpid(), SIGKILL);
}
