// SPDX-License-Identifier: Apache-2.0
//
// Intent: longjmp out of a transaction, also out of nested ones and of a section, ends the units it
// leaves: later commits work, and what was written before the jump is part of them. A unit that is
// entered outside setjmp stays open.
// RUN: rm -rf %t && mkdir -p %t
// RUN: %perdure-cc -O0 -Wall -Werror %s -o %t/O0
// RUN: %perdure-cc -O2 -Wall -Werror %s -o %t/O2
// RUN: env PERDURE_POOL=%t/a not --crash timeout 20 %t/O0 | FileCheck %s --check-prefix=FIRST
// RUN: env PERDURE_POOL=%t/a %t/O0 | FileCheck %s
// RUN: env PERDURE_POOL=%t/b not --crash timeout 20 %t/O2 | FileCheck %s --check-prefix=FIRST
// RUN: env PERDURE_POOL=%t/b %t/O2 | FileCheck %s
// FIRST: committed
// CHECK: before 3, after 100, open 0
#include <perdure/annotations.h>
#include <perdure/perdure.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

PERDURE_PERSISTENT int before, after, open_unit;
static jmp_buf out;

PERDURE_TRANSACTION __attribute__((noinline)) static void inner(void) {
  before++;
  longjmp(out, 1);
}
PERDURE_TRANSACTION __attribute__((noinline)) static void outer(void) {
  before++;
  inner();
}
PERDURE_TRANSACTION __attribute__((noinline)) static void count(void) { after++; }

PERDURE_TRANSACTION __attribute__((noinline)) static void stays_open(void) {
  open_unit = 1;
  if (setjmp(out) == 0)
    longjmp(out, 1);
  perdure_sync(); // returns, without this unit
  kill(getpid(), SIGKILL);
}

int main(void) {
  if (perdure_recovered()) {
    printf("before %d, after %d, open %d\n", before, after, open_unit);
    return 0;
  }
  if (setjmp(out) == 0)
    outer();
  if (setjmp(out) == 0)
    inner();
  for (int i = 0; i < 100; i++)
    count();
  if (perdure_sync() == 0)
    puts("committed");
  fflush(stdout);
  stays_open();
}
