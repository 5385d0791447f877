// SPDX-License-Identifier: Apache-2.0
//
// Intent: the process that searches for perdure_reclaim() ends when the program is killed, also while
// more blocks wait to be told than a pipe holds: it would keep descriptors, and the log from being
// emptied.
// RUN: split-file %s %t && rm -rf %t/pool
// RUN: %perdure-cc -O2 -pthread -Wall -Werror %t/hold.c -o %t/hold
// RUN: python3 %t/killed.py %t/hold %t/pool | FileCheck %s
// CHECK: nobody is left
//--- hold.c
#include <perdure/annotations.h>
#include <perdure/perdure.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { kLost = 30000 }; // a pipe holds 8192 addresses
struct PERDURE_PERSISTENT item {
  struct item *next;
};

static void killed_at_the_first(void *block) {
  (void)block;
  sleep(1); // the pipe fills
  raise(SIGKILL);
}

int main(void) {
  if (perdure_recovered()) {
    perdure_reclaim(killed_at_the_first);
    pause();
  }
  struct item *lost = NULL;
  for (int i = 0; i < kLost; i++) {
    struct item *item = malloc(sizeof *item);
    item->next = lost;
    lost = item;
  }
  perdure_sync();
  raise(SIGKILL);
}
//--- killed.py
import os
import select
import subprocess
import sys

program, pool = sys.argv[1:]
for run in range(2):
    left, inherited = os.pipe()
    result = subprocess.run([program], env={**os.environ, "PERDURE_POOL": pool}, pass_fds=[inherited],
                            timeout=30)
    assert result.returncode == -9, result
    os.close(inherited)
    ended, _, _ = select.select([left], [], [], 20)
    assert ended and os.read(left, 1) == b"", f"run {run}: a process of the killed program lives on"
print("nobody is left")
