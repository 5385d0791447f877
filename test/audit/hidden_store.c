// SPDX-License-Identifier: Apache-2.0
//
// Intent: a store that the compiler cannot see (an asm statement that does not say what it writes)
// is reported by place and value, in a heap block and in a global; the same program with visible
// stores reports nothing.
// RUN: rm -rf %t && mkdir -p %t
// RUN: %perdure-cc -O2 %s -o %t/broken
// RUN: env PERDURE_POOL=%t/pool PERDURE_AUDIT=report %t/broken 2>&1 | FileCheck %s --implicit-check-not=audit
// RUN: rm -rf %t/pool
// RUN: not env PERDURE_POOL=%t/pool PERDURE_AUDIT=fail %t/broken 2>&1 | FileCheck %s
// RUN: rm -rf %t/pool
// RUN: not --crash env PERDURE_POOL=%t/pool PERDURE_AUDIT=abort %t/broken 2>&1 | FileCheck %s --check-prefix=ABORT
// CHECK: audit: missed store at 0x20{{[0-9a-f]*}}+1 in global 'hidden_store.c:shelf', 16 bytes at 0x20{{[0-9a-f]*}}, offset 4: shelf.count; recorded 01, memory 05
// CHECK-NEXT: audit: missed store at 0x2004{{[0-9a-f]*}}+1 in 'box' (block of 64 bytes at 0x2004{{[0-9a-f]*}}, offset 8, reached from 'hidden_store.c:shelf'), field 'number'; recorded 00, memory 07
// CHECK-NEXT: audit: 2 missed stores, 0 dangling pointers, 0 suppressed;
// ABORT: missed store at
// ABORT-NOT: missed stores
// RUN: echo 'block:64+8 # known' > %t/known && echo '*shelf+*' >> %t/known
// RUN: rm -rf %t/pool
// RUN: env PERDURE_POOL=%t/pool PERDURE_AUDIT=fail,suppress=%t/known %t/broken 2>&1 | FileCheck %s --check-prefix=KNOWN
// RUN: echo 'box.number' > %t/known && echo '*shelf+*' >> %t/known
// RUN: rm -rf %t/pool
// RUN: env PERDURE_POOL=%t/pool PERDURE_AUDIT=fail,suppress=%t/known %t/broken 2>&1 | FileCheck %s --check-prefix=KNOWN
// KNOWN-NOT: missed store at
// KNOWN: 0 missed stores, 0 dangling pointers, 2 suppressed;
//
// RUN: %perdure-cc -O2 -DCLEAN %s -o %t/clean
// RUN: env PERDURE_POOL=%t/pool2 PERDURE_AUDIT=fail,log=%t/log %t/clean
// RUN: FileCheck %s --check-prefix=CLEAN --input-file=%t/log
// CLEAN-NOT: missed store at
// CLEAN: audit: 0 missed stores, 0 dangling pointers, 0 suppressed;
#include <perdure/annotations.h>
#include <perdure/perdure.h>
#include <stdlib.h>

struct PERDURE_PERSISTENT box {
  struct box *next;
  int number;
  char rest[48];
};
struct PERDURE_PERSISTENT shelf {
  int id, count;
  struct box *first;
};
PERDURE_PERSISTENT static struct shelf shelf;

static void store(int *where, int value) {
#ifdef CLEAN
  *where = value;
#else
  asm volatile("movl %1, (%0)" : : "r"(where), "r"(value));
#endif
}

int main(void) {
  struct box *box = calloc(1, sizeof *box);
  shelf.first = box;
  shelf.count = 1;
  perdure_sync(); // what was recorded in an epoch is copied at its end, whoever stored it
  store(&box->number, 7);
  store(&shelf.count, 5);
}
