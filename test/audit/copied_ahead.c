// SPDX-License-Identifier: Apache-2.0
//
// Intent: a store without a hook, to bytes that were recorded in the same epoch but already copied
// ahead of the cut, misses that epoch: it is found.
// RUN: rm -rf %t && mkdir -p %t
// RUN: %perdure-cc -O1 %s -o %t/broken
// RUN: not env PERDURE_POOL=%t/pool PERDURE_AUDIT=fail %t/broken 2>&1 | FileCheck %s
// CHECK: missed store at {{.*}} in global 'copied_ahead.c:box', {{.*}}: box.counter; recorded 01, memory 02
// CHECK-NEXT: 1 missed stores
// RUN: %perdure-cc -O1 -DCLEAN %s -o %t/clean
// RUN: env PERDURE_POOL=%t/pool2 PERDURE_AUDIT=fail %t/clean 2>&1 | FileCheck %s --check-prefix=CLEAN
// CLEAN-NOT: missed store at
// CLEAN: 0 missed stores
#include <perdure/annotations.h>
#include <unistd.h>

PERDURE_PERSISTENT static struct box {
  int counter;
} box;

static void store(int *where, int value) {
#ifdef CLEAN
  *where = value;
#else
  asm volatile("movl %1, (%0)" : : "r"(where), "r"(value));
#endif
}

// While it is open the cut is tried, copies ahead, and is given up.
PERDURE_TRANSACTION static void update(void) {
  box.counter = 1;
  usleep(400000);
  store(&box.counter, 2);
}

int main(void) { update(); }
