// SPDX-License-Identifier: Apache-2.0
//
// Intent: when a gated output function runs, the updates before its call are durable; before one
// that is not gated they need not be.
// RUN: rm -rf %t && mkdir -p %t
// RUN: %perdure-cc -O2 -Wall -Werror %s -o %t/test
// RUN: env PERDURE_POOL=%t/pool not --crash %t/test plain | FileCheck %s --check-prefix=NONE
// RUN: env PERDURE_POOL=%t/pool not --crash %t/test gated | FileCheck %s --check-prefix=NONE
// RUN: env PERDURE_POOL=%t/pool %t/test show | FileCheck %s --check-prefix=GATED
// NONE: value 0
// GATED: value 7
#include <perdure/annotations.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

PERDURE_PERSISTENT int value;

PERDURE_GATED_OUTPUT __attribute__((noinline)) static void answer(void) { kill(getpid(), SIGKILL); }
__attribute__((noinline)) static void tell(void) { kill(getpid(), SIGKILL); }

int main(int argc, char **argv) {
  printf("value %d\n", value);
  fflush(stdout);
  if (argc < 2 || strcmp(argv[1], "show") == 0)
    return 0;
  usleep(150000); // the first cut is over
  value = 7;
  if (strcmp(argv[1], "plain") == 0)
    tell();
  answer();
}
