// Intent: a signal handler with a unit comes between an entry and its store, and a cut after it: the
// thread has not settled, so the store is in the next epoch.
//
// RUN: rm -rf %t && mkdir %t && cp %s %t/unit.c && cd %t
// RUN: %perdure-port-one unit.c -- -I %perdure-include
// Compilers may evaluate the stored value first. This one evaluates the place first:
// RUN: sed -i 's/= \(&.*stored\);/= \&PERDURE_W(*\1);/; s/PERDURE_W(.place) = /*place = /' out/unit.c
// RUN: grep 'PERDURE_W(.&PERDURE_ROOT(state).stored)' out/unit.c && grep ' .place = 42' out/unit.c
// RUN: gcc -O2 -I %perdure-include out/unit.c -o program -L %perdure-lib -Wl,-rpath,%perdure-lib -lperdure
// RUN: env PERDURE_POOL=pool1 ./program sigaction | FileCheck %s --check-prefix=FIRST
// RUN: env PERDURE_POOL=pool1 ./program look | FileCheck %s --check-prefix=SECOND
// RUN: env PERDURE_POOL=pool2 ./program signal | FileCheck %s --check-prefix=FIRST
// RUN: env PERDURE_POOL=pool2 ./program look | FileCheck %s --check-prefix=SECOND
// FIRST: handler is the program's
// SECOND: stored 42, handled 1
#define _GNU_SOURCE
#include <perdure/annotations.h>
#include <perdure/perdure.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

PERDURE_PERSISTENT struct {
  long stored, handled, other;
} state;
static volatile int waiting, handled, cut;
static pthread_t first;

PERDURE_TRANSACTION static void unit(long *count) { ++*count; }
static void on_signal(int number) {
  (void)number;
  unit(&state.handled);
  handled = 1;
}
static void *other_thread(void *unused) {
  while (!waiting) {
  }
  pthread_kill(first, SIGUSR1);
  while (!handled) {
  }
  unit(&state.other);
  perdure_sync();
  cut = 1;
  return unused;
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "look") == 0) {
    printf("stored %ld, handled %ld\n", state.stored, state.handled);
    return 0;
  }
  struct sigaction action = {.sa_handler = on_signal}, known;
  if (argc > 1 && strcmp(argv[1], "signal") == 0)
    signal(SIGUSR1, on_signal);
  else
    sigaction(SIGUSR1, &action, NULL);
  sigaction(SIGUSR1, NULL, &known);
  printf("handler is %s\n", known.sa_handler == on_signal ? "the program's" : "another");
  fflush(stdout);
  pthread_t other;
  first = pthread_self();
  pthread_create(&other, NULL, other_thread, NULL);
  long *place = &state.stored;
  waiting = 1;
  while (!cut) {
  }
  *place = 42;
  perdure_sync();
  _exit(0);
}
