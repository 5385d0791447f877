// SPDX-License-Identifier: Apache-2.0
//
// Intent: a unit that a process ends in, by exit, _exit or abort, leaves nothing in the pool; units
// finished before are all there. A unit that a thread ends in ends with it.
// RUN: rm -rf %t && mkdir -p %t
// RUN: %perdure-cc -O2 -pthread -Wall -Werror %s -o %t/test
// RUN: env PERDURE_POOL=%t/pool %t/test exit | FileCheck %s --check-prefix=NONE
// RUN: env PERDURE_POOL=%t/pool %t/test _exit | FileCheck %s --check-prefix=ONE
// RUN: env PERDURE_POOL=%t/pool not --crash %t/test abort | FileCheck %s --check-prefix=TWO
// RUN: env PERDURE_POOL=%t/pool %t/test thread | FileCheck %s --check-prefix=THREE
// RUN: env PERDURE_POOL=%t/pool %t/test show | FileCheck %s --check-prefix=FOUR
// NONE: 0 finished, unfinished 0 0
// ONE: 1 finished, unfinished 0 0
// TWO: 2 finished, unfinished 0 0
// THREE: 3 finished, unfinished 0 0
// FOUR: 4 finished, unfinished 1 0
#include <perdure/annotations.h>
#include <perdure/perdure.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

PERDURE_PERSISTENT int finished, unfinished, more;

PERDURE_TRANSACTION __attribute__((noinline)) static void finish(void) { finished++; }

PERDURE_TRANSACTION __attribute__((noinline)) static void leave(const char *how) {
  unfinished = 1;
  if (strcmp(how, "exit") == 0)
    exit(0);
  if (strcmp(how, "_exit") == 0)
    _exit(0);
  if (strcmp(how, "abort") == 0)
    abort();
  pthread_exit(NULL);
  more = 1;
}

static void *thread(void *how) {
  leave(how);
  return NULL;
}

int main(int argc, char **argv) {
  printf("%d finished, unfinished %d %d\n", finished, unfinished, more);
  fflush(stdout);
  if (argc < 2 || strcmp(argv[1], "show") == 0)
    return 0;
  finish();
  perdure_sync();
  if (strcmp(argv[1], "thread") != 0)
    leave(argv[1]);
  pthread_t id;
  pthread_create(&id, NULL, thread, argv[1]);
  pthread_join(id, NULL);
}
