// SPDX-License-Identifier: Apache-2.0
//
// Intent: what a single mutator frees is free after a kill, although it keeps blocks for its next
// allocations until its unit ends.
// RUN: split-file %s %t && %perdure-cc -O2 --perdure-port=%t/port.yaml %t/frees.c -o %t/frees
// RUN: rm -rf %t/pool && not --crash env PERDURE_POOL=%t/pool %t/frees
// RUN: env PERDURE_POOL=%t/pool %t/frees | FileCheck %s
// RUN: perdure check %t/pool
// CHECK: allocated: as after the first block
//--- port.yaml
threads: single
allocations: {functions: [allocate]}
commit_points: [tick]
persistent_globals: [first, used]
//--- frees.c
#include <perdure/perdure.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { kBlocks = 20 };
static char *volatile first;
static volatile size_t used;

__attribute__((noinline)) void *allocate(size_t size) { return malloc(size); }
__attribute__((noinline)) void tick(void) { __asm__ volatile("" ::: "memory"); }

int main(void) {
  if (perdure_recovered()) {
    printf("allocated: %s\n", perdure_heap_used() == used ? "as after the first block" : "more");
    return 0;
  }
  first = allocate(300);
  used = perdure_heap_used();
  tick();
  void *blocks[kBlocks];
  for (int i = 0; i < kBlocks; i++)
    blocks[i] = allocate(16 + i);
  first[0] = 1;
  tick();
  for (int i = 0; i < kBlocks; i++)
    free(blocks[i]);
  first[0] = 2;
  tick();
  perdure_sync();
  raise(SIGKILL);
}
