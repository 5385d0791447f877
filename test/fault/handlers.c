// SPDX-License-Identifier: Apache-2.0
//
// The program that step.c steps: hooks, units, allocation, commits and gated output, interrupted by
// a handler that stores each of its cells once, has a unit of its own and sends. At the end it
// kills itself; the next run compares the pool with what the first one knew.
//
//   handlers ROUNDS      more than kWarm; prints the model, then SIGKILL
//   handlers             prints the pool
#include <perdure/annotations.h>
#include <perdure/perdure.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { kCells = 1 << 16, kBlocks = 8, kWarm = 20 }; // rounds that are not stepped

PERDURE_PERSISTENT long stored[kCells];  // by the program, each once
PERDURE_PERSISTENT long handled[kCells]; // by the handler, each once
PERDURE_PERSISTENT long left, right;     // equal between units of the handler
struct PERDURE_PERSISTENT block {
  long step;
  char rest[];
};
PERDURE_PERSISTENT struct block *blocks[kBlocks];
static volatile long next_handled, handlers_sent;
static int ends[2];

PERDURE_TRANSACTION __attribute__((noinline)) static void move_both(void) {
  left++;
  right++;
}

static void handle(void) {
  if (next_handled >= kCells)
    return;
  const long cell = next_handled;
  handled[cell] = cell + 1;
  next_handled = cell + 1;
  if (cell % 2 == 0)
    move_both();
  if (cell % 4 == 1 && send(ends[0], "h", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1)
    handlers_sent++;
}

static void handler(int signal) {
  (void)signal;
  handle();
  raise(SIGWINCH); // to the stepper
}

PERDURE_TRANSACTION __attribute__((noinline)) static void step(long i) {
  stored[2 * i] = i + 1;
  struct block *made = malloc(sizeof *made + 64 + (size_t)i % 3 * 5000);
  made->step = i;
  free(blocks[i % kBlocks]);
  blocks[i % kBlocks] = made;
  stored[2 * i + 1] = i + 2;
}

static long sum(const long *values) {
  unsigned long hash = 5381;
  for (long i = 0; i < kCells; i++)
    hash = hash * 33 + (unsigned long)values[i];
  return (long)hash;
}

static void show(void) {
  long in_blocks = 0;
  for (int i = 0; i < kBlocks; i++)
    in_blocks = in_blocks * 31 + (blocks[i] ? blocks[i]->step : -1);
  printf("%lx %lx %lx %ld %s\n", sum(stored), sum(handled), in_blocks, left,
         left == right ? "whole" : "torn");
  fflush(stdout);
}

// Reads what has arrived; with FLAGS 0 it waits for something.
static long receive(int flags) {
  char bytes[4096];
  long all = 0;
  for (ssize_t got; (got = recv(ends[1], bytes, sizeof bytes, flags)) > 0; flags = MSG_DONTWAIT)
    all += got;
  return all;
}

int main(int argc, char **argv) {
  if (perdure_recovered() || argc < 2)
    return show(), 0;
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
    return 1;
  struct sigaction action = {.sa_handler = handler};
  sigaction(SIGUSR1, &action, NULL);
  const long rounds = atol(argv[1]);
  long sent = 0, received = 0;
  for (long i = 0; i < rounds && 2 * i + 1 < kCells; i++) {
    if (i == kWarm)
      raise(SIGUSR2);
    step(i);
    while (send(ends[0], "p", 1, MSG_DONTWAIT | MSG_NOSIGNAL) != 1)
      received += receive(MSG_DONTWAIT); // small messages fill a socket soon
    sent++;
    if (i % 2)
      perdure_sync();
  }
  raise(SIGUSR2);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);
  show();
  if (perdure_sync() != 0)
    return 1;
  // All that was sent arrives, since all is durable.
  while (received < sent + handlers_sent)
    received += receive(0);
  if (received != sent + handlers_sent)
    return 1;
  kill(getpid(), SIGKILL);
}
