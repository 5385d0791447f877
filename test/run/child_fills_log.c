// SPDX-License-Identifier: Apache-2.0
//
// Intent: while a forked child lives that has a child of its own, and so cannot copy for both what they
// share with the image, the log cannot be emptied; when it is full the program says once
// whom it waits for, and goes on when the child has ended, with everything it wrote.
// RUN: rm -rf %t && mkdir -p %t
// RUN: %perdure-cc -O2 -pthread -Wall -Werror %s -o %t/test
// RUN: env PERDURE_POOL=%t/pool,log_size=64K %t/test 2> %t/messages | FileCheck %s
// RUN: FileCheck %s --check-prefix=SAID --input-file=%t/messages
// RUN: count 1 < %t/messages
// RUN: env PERDURE_POOL=%t/pool %t/test | FileCheck %s --check-prefix=AGAIN
// CHECK: it names the child, and 200 updates are durable
// SAID: perdure: the log of {{.*}}pool is full and cannot be emptied while a forked child lives (process {{[0-9]+}}, or one that it forked): updates wait until it ends; end it, or make the pool with a larger log (log_size=)
// AGAIN: 200 were found
#include <perdure/annotations.h>
#include <perdure/perdure.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kUpdates = 200 };
PERDURE_PERSISTENT char data[kUpdates][4096];
PERDURE_PERSISTENT int updates;
static pid_t child;
static int names_the_child;

// Reads what the program said on standard error so far.
static void *end_child(void *unused) {
  char said[1000] = "", number[32];
  for (int i = 0; i < 1000 && !strchr(said, '\n'); i++) {
    usleep(10000);
    FILE *messages = fopen("/proc/self/fd/2", "r");
    (void)!fread(said, 1, sizeof said - 1, messages);
    fclose(messages);
  }
  snprintf(number, sizeof number, "(process %d,", (int)child);
  names_the_child = strstr(said, number) != NULL;
  kill(-child, SIGKILL);
  return unused;
}

PERDURE_TRANSACTION __attribute__((noinline)) static void update(int i) {
  for (int at = 0; at < (int)sizeof data[i]; at++)
    data[i][at] = (char)(i * 7 + at * 13);
  updates = i + 1;
}

int main(void) {
  if (perdure_recovered())
    return printf("%d were found\n", updates) < 0;
  if ((child = fork()) == 0) {
    setpgid(0, 0);
    fork();
    pause();
  }
  pthread_t thread;
  pthread_create(&thread, NULL, end_child, NULL);
  int synced = 0;
  for (int i = 0; i < kUpdates; i++) {
    update(i);
    synced += perdure_sync() == 0;
  }
  pthread_join(thread, NULL);
  waitpid(child, NULL, 0);
  printf("%s, and %d updates are durable\n",
         names_the_child ? "it names the child" : "the child is not named", synced);
}
