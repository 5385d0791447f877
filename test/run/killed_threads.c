// SPDX-License-Identifier: Apache-2.0
//
// Intent: threads store and commit under declared locks, nested and released in any order; the
// process kills itself; the next run finds whole sections only, and all that perdure_sync promised.
// RUN: rm -rf %t && mkdir -p %t
// RUN: %perdure-cc -O2 -pthread -Wall -Werror %s -o %t/bank
// RUN: env PERDURE_POOL=%t/pool not --crash %t/bank %t/promised
// RUN: env PERDURE_POOL=%t/pool not --crash %t/bank %t/promised
// RUN: env PERDURE_POOL=%t/pool not --crash %t/bank %t/promised
// RUN: env PERDURE_POOL=%t/pool not --crash %t/bank %t/promised
// RUN: env PERDURE_POOL=%t/pool not --crash %t/bank %t/promised
// RUN: env PERDURE_POOL=%t/pool %t/bank %t/promised check | FileCheck %s
// RUN: %perdure-tool check %t/pool
// CHECK: 6 runs are consistent
#include <fcntl.h>
#include <perdure/annotations.h>
#include <perdure/perdure.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { kThreads = 4, kAccounts = 32, kStart = 1000 };

struct PERDURE_PERSISTENT transfer {
  struct transfer *next;
  int from, to, amount;
};
struct account {
  long money, transfers;
  struct transfer *history; // those paid from here
};

PERDURE_PERSISTENT struct account accounts[kAccounts];
PERDURE_PERSISTENT long done[kThreads]; // transfers of each thread
PERDURE_PERSISTENT int runs;
PERDURE_LOCK pthread_mutex_t locks[kAccounts];
static int promises;

static int fail(const char *what) {
  printf("%s\n", what);
  return 1;
}

static int check(void) {
  long money = 0, transfers = 0, all_done = 0, promised[kThreads] = {0};
  long balance[kAccounts];
  for (int i = 0; i < kAccounts; i++)
    balance[i] = kStart;
  for (int i = 0; i < kAccounts; i++) {
    long count = 0;
    for (struct transfer *t = accounts[i].history; t; t = t->next, count++) {
      balance[t->from] -= t->amount;
      balance[t->to] += t->amount;
      if (t->from != i)
        return fail("a transfer is in a wrong history");
    }
    if (count != accounts[i].transfers)
      return fail("a history and its count differ");
    money += accounts[i].money;
    transfers += count;
  }
  for (int i = 0; i < kAccounts; i++)
    if (balance[i] != accounts[i].money)
      return fail("the histories do not explain the balances");
  for (int i = 0; i < kThreads; i++)
    all_done += done[i];
  if (pread(promises, promised, sizeof promised, 0) > 0)
    for (int i = 0; i < kThreads; i++)
      if (done[i] < promised[i])
        return fail("a promised transfer is lost");
  if (money != (long)kAccounts * kStart)
    return fail("money was made or lost");
  return transfers == all_done ? 0 : fail("transfers and counters differ");
}

static void move(long self, int from, int to) {
  int low = from < to ? from : to, high = from < to ? to : from;
  pthread_mutex_lock(&locks[low]);
  pthread_mutex_lock(&locks[high]);
  struct transfer *t = malloc(sizeof *t);
  *t = (struct transfer){accounts[from].history, from, to, 1 + from % 7};
  accounts[from].money -= t->amount;
  accounts[from].history = t;
  accounts[from].transfers++;
  done[self]++;
  for (volatile int i = 0; i < 20000; i++) // half of a transfer is to be seen if it can be
    ;
  accounts[to].money += t->amount;
  pthread_mutex_unlock(&locks[low]);
  pthread_mutex_unlock(&locks[high]);
}

static void *work(void *index) {
  long self = (long)index;
  unsigned seed = (unsigned)(self + 100 * runs);
  for (long i = 1;; i++) {
    int from = rand_r(&seed) % kAccounts, to = rand_r(&seed) % kAccounts;
    if (from != to)
      move(self, from, to);
    if (i % 64 != 0)
      continue;
    long sure = done[self];
    perdure_sync();
    pwrite(promises, &sure, sizeof sure, self * (long)sizeof sure);
  }
}

int main(int argc, char **argv) {
  promises = open(argv[1], O_RDWR | O_CREAT, 0600);
  if (!perdure_recovered())
    for (int i = 0; i < kAccounts; i++)
      accounts[i].money = kStart;
  for (int i = 0; i < kAccounts; i++)
    pthread_mutex_init(&locks[i], NULL);
  if (check())
    return 1;
  runs++;
  perdure_sync();
  if (argc > 2)
    return printf("%d runs are consistent, %s\n", runs, done[0] > 10 ? "busy" : "idle") < 0;
  for (long i = 0; i < kThreads; i++) {
    pthread_t thread;
    pthread_create(&thread, NULL, work, (void *)i);
  }
  usleep(150000 + 30000 * (runs % 3));
  kill(getpid(), SIGKILL);
}
