// SPDX-License-Identifier: Apache-2.0
//
// Intent: allocating and freeing alone is no reason to cut: nobody sees a block before a store leads
// to it. With one store per turn each turn is cut.
// RUN: split-file %s %t && %perdure-cc -O2 --perdure-port=%t/port.yaml %t/turns.c -o %t/turns
// RUN: rm -rf %t/pool && env PERDURE_STATS=1 PERDURE_POOL=%t/pool,emulate_pmem %t/turns 2>&1 | FileCheck %s --check-prefix=FEW
// RUN: rm -rf %t/pool && env PERDURE_STATS=1 PERDURE_POOL=%t/pool,emulate_pmem %t/turns store 2>&1 | FileCheck %s --check-prefix=MANY
// FEW: perdure: {{[0-9]?[0-9]}} cuts
// MANY: perdure: {{[0-9][0-9][0-9]+}} cuts
//--- port.yaml
threads: single
persistent_globals: [turns]
allocations: {functions: [allocate]}
commit_points: [tick]
//--- turns.c
#include <stdlib.h>

int turns;
__attribute__((noinline)) void *allocate(size_t size) { return calloc(1, size); }
__attribute__((noinline)) void tick(void) { __asm__ volatile("" ::: "memory"); }

int main(int argc, char **argv) {
  tick();
  for (int i = 0; i < 500; i++) {
    free(allocate(100 + i));
    if (argc > 1)
      turns++;
    tick();
  }
  return argv == NULL;
}
