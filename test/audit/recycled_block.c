// SPDX-License-Identifier: Apache-2.0
//
// Intent: what a block's former owner left in it, recorded or not, is no missed store of its next
// owner; a byte that the new owner does not record is.
// RUN: rm -rf %t && mkdir -p %t
// RUN: %perdure-cc -O1 %s -o %t/clean
// RUN: env PERDURE_POOL=%t/pool PERDURE_AUDIT=fail %t/clean 2>&1 | FileCheck %s --check-prefix=CLEAN
// CLEAN: audit: 0 missed stores
// RUN: %perdure-cc -O1 -DBROKEN %s -o %t/broken
// RUN: not env PERDURE_POOL=%t/pool2 PERDURE_AUDIT=fail %t/broken 2>&1 | FileCheck %s
// CHECK: missed store at {{.*}} in 'buffer' (block of 64 bytes at {{.*}}, offset 17, {{.*}}field 'text[9]'; recorded 61, memory 62
// CHECK-NEXT: audit: 1 missed stores
#include <perdure/annotations.h>
#include <perdure/perdure.h>
#include <stdlib.h>

struct PERDURE_PERSISTENT buffer {
  long used;
  char text[56];
};
PERDURE_PERSISTENT static struct buffer *buffer;

static void hidden(char *where, char value) {
  asm volatile("movb %1, (%0)" : : "r"(where), "q"(value));
}

int main(void) {
  struct buffer *first = calloc(1, sizeof *first);
  perdure_sync();
  for (int i = 0; i < 20; i++)
    hidden(first->text + i, 'a');
  free(first);
  buffer = malloc(sizeof *buffer);
  if (buffer != first)
    abort();
  buffer->used = 1;
  perdure_sync();
#ifdef BROKEN
  hidden(buffer->text + 9, 'b');
#endif
}
