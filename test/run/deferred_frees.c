// SPDX-License-Identifier: Apache-2.0
//
// Intent: with a single mutator, blocks that another thread frees are freed by the mutator at its
// next commit point and not before, so that no cut falls inside of the allocator; all of them are.
// RUN: split-file %s %t && %perdure-cc -O2 -pthread --perdure-port=%t/port.yaml %t/frees.c -o %t/frees
// RUN: rm -rf %t/pool && env PERDURE_POOL=%t/pool %t/frees | FileCheck %s
// RUN: perdure check %t/pool
// CHECK: freed by the other thread: still there
// CHECK-NEXT: after a commit point: gone
// CHECK-NEXT: used as before
//--- port.yaml
threads: single
allocations: {functions: [allocate]}
commit_points: [tick]
//--- frees.c
#include <perdure/perdure.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { kBlocks = 20000 };
static void *blocks[kBlocks];

__attribute__((noinline)) void *allocate(size_t size) { return malloc(size); }
__attribute__((noinline)) void tick(void) { __asm__ volatile("" ::: "memory"); }

static void *free_all(void *unused) {
  for (int i = 0; i < kBlocks; i++)
    free(blocks[i]);
  return unused;
}

int main(void) {
  tick();
  size_t before = perdure_heap_used();
  for (int i = 0; i < kBlocks; i++)
    blocks[i] = allocate(16 + i % 300);
  size_t full = perdure_heap_used();
  pthread_t thread;
  pthread_create(&thread, NULL, free_all, NULL);
  pthread_join(thread, NULL);
  printf("freed by the other thread: %s\n", perdure_heap_used() == full ? "still there" : "gone");
  tick();
  printf("after a commit point: %s\n", perdure_heap_used() < full ? "gone" : "still there");
  printf("used %s\n", perdure_heap_used() == before ? "as before" : "more than before");
}
