// SPDX-License-Identifier: Apache-2.0
//
// Intent: with a single mutator, output that shows nothing of the open unit leaves from inside of it
// (perdure_output_shows_unit); all other output still waits for the unit's end, and what follows on
// the same socket waits with it.
// RUN: split-file %s %t && %perdure-cc -O2 -Wall -Werror --perdure-port=%t/port.yaml %t/busy.c -o %t/busy
// RUN: rm -rf %t/pool && env PERDURE_POOL=%t/pool %t/busy | FileCheck %s
// CHECK: before: busy
// CHECK-NEXT: inside of the unit: nothing
// CHECK-NEXT: behind what waits: nothing
// CHECK-NEXT: at its end: done, busy
//--- port.yaml
threads: single
persistent_globals: [value]
commit_points: [tick]
//--- busy.c
#include <perdure/perdure.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

long value;
static int ends[2];

__attribute__((noinline)) void tick(void) { __asm__ volatile("" ::: "memory"); }
__attribute__((noinline)) static void change(void) { value++; }

static void tell(const char *text) { (void)!write(ends[0], text, strlen(text)); }

static void show(const char *when, int wait_ms) {
  char text[100] = "";
  struct pollfd readable = {ends[1], POLLIN, 0};
  if (poll(&readable, 1, wait_ms) == 1)
    (void)!read(ends[1], text, sizeof text - 1);
  printf("%s: %s\n", when, *text ? text : "nothing");
}

int main(void) {
  socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  change();
  tick();
  change();
  perdure_output_shows_unit(0);
  tell("busy");
  show("before", 5000);
  perdure_output_shows_unit(1);
  tell("done");
  show("inside of the unit", 300);
  perdure_output_shows_unit(0);
  tell(", busy");
  show("behind what waits", 300);
  perdure_output_shows_unit(1);
  tick();
  show("at its end", 5000);
}
