// SPDX-License-Identifier: Apache-2.0
//
// Intent: addresses of volatile memory that a persistent object keeps are reported, with the place
// and what they point to; addresses in the pool and of pins, numbers, and addresses gone by the exit are not.
// RUN: rm -rf %t && mkdir -p %t
// RUN: %perdure-cc -O1 -w -rdynamic -pthread %s -o %t/broken
// RUN: not env PERDURE_POOL=%t/pool PERDURE_AUDIT=fail %t/broken 2>%t/log
// RUN: sort -t, -k2 %t/log | FileCheck %s --implicit-check-not="dangling pointer at"
// CHECK-DAG: dangling pointer at 0x20{{[0-9a-f]*}} in global 'dangling_pointers.c:kept', 80 bytes at 0x20{{[0-9a-f]*}}, offset 8: pointers.stack: 0x{{[0-9a-f]+}} points to the main thread's stack
// CHECK-DAG: offset 16: pointers.heap: 0x{{[0-9a-f]+}} points to the libc heap
// CHECK-DAG: offset 24: pointers.mapped: 0x{{[0-9a-f]+}} points to volatile memory
// CHECK-DAG: offset 32: pointers.table: 0x{{[0-9a-f]+}} points to static data: volatile_table+0x4 in {{.*}}broken
// CHECK-DAG: offset 40: pointers.code: 0x{{[0-9a-f]+}} points to code: callback+0x0 in {{.*}}broken
// CHECK-DAG: offset 64: pointers.name: 0x{{[0-9a-f]+}} points to the string literal "a name" in {{.*}}broken+0x{{[0-9a-f]+}}; store a copy of it in the pool
// CHECK-DAG: 'node' (block of 16 bytes at 0x2004{{[0-9a-f]*}}, offset 8, reached from 'dangling_pointers.c:kept'), field 'data': 0x{{[0-9a-f]+}} points to the libc heap
// CHECK-DAG: audit: 0 missed stores, 7 dangling pointers
// RUN: %perdure-cc -O1 -w -DCLEAN -rdynamic -pthread %s -o %t/clean
// RUN: env PERDURE_POOL=%t/pool2 PERDURE_AUDIT=fail %t/clean 2>&1 | FileCheck %s --check-prefix=CLEAN
// CLEAN-NOT: dangling pointer at
// CLEAN: audit: 0 missed stores, 0 dangling pointers
#define _GNU_SOURCE
#include <dlfcn.h>
#include <perdure/annotations.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct PERDURE_PERSISTENT node {
  struct node *next;
  void *data;
};
struct PERDURE_PERSISTENT pointers {
  struct node *node;
  void *stack, *heap, *mapped, *table;
  void (*code)(void);
  uint64_t number, text;
  const char *name;
  void *gone;
};
PERDURE_PERSISTENT static struct pointers kept;
PERDURE_PERSISTENT static void (*pinned_code)(void);
PERDURE_PERSISTENT static char *pinned_data;

char volatile_table[64] = "a table";
PERDURE_PINNED static char pinned_table[64] = "a pinned table";
void callback(void) {}

int main(void) {
  int on_stack;
  kept.node = calloc(1, sizeof *kept.node);
  kept.number = 0x1234567890;
  kept.text = 0x6c6c657720746920;
  char *gone = malloc(100000);
  kept.gone = gone;
  pinned_code = callback;
  pinned_data = pinned_table + 4;
  kept.name = strdup("a name");
#ifndef CLEAN
  kept.name = "a name";
  kept.stack = &on_stack;
  char *on_heap = malloc(10), *another = malloc(10);
  kept.heap = on_heap;
  kept.mapped = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  kept.table = volatile_table + 4;
  kept.code = (void (*)(void))dlsym(RTLD_DEFAULT, "callback"); // where it lies, not its pin
  kept.node->data = another;
#endif
  kept.gone = kept.node;
}
