// Intent: libc functions that write are called through functions that record, or what they wrote is
// recorded after the call; those that write to the stack stay; unknown ones are warned of.
//
// RUN: rm -rf %t && mkdir %t && cp %s %t/unit.c && cd %t
// RUN: %perdure-port-one unit.c -- -I %perdure-include 2>&1 | FileCheck %s --check-prefix=WARN
// RUN: sed '/^ *\/\/ CHECK/d' out/unit.c | FileCheck %s
// RUN: perdure-port -o fortified unit.c -- -O2 -D_FORTIFY_SOURCE=2 -I %perdure-include
// RUN: diff out/unit.c fortified/unit.c
// RUN: gcc -std=gnu11 -Wall -Wextra -Werror -I %perdure-include -c %t/out/unit.c -o %t/unit.o
#define _GNU_SOURCE
#include <perdure/annotations.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <termios.h>

struct PERDURE_PERSISTENT record {
  char name[32];
  char *text;
  struct stat status;
  struct termios terminal;
  int number;
  _Atomic int references;
};

const char *name_of(struct record *r);
static int compare(const void *a, const void *b) { return *(const char *)a - *(const char *)b; }
int iconv(struct record *mine);

int calls(struct record *r, struct record *other, const char *from) {
  char buffer[64];
  // CHECK: perdure_memcpy(r->name, from, 8);
  memcpy(r->name, from, 8);
  // CHECK: {{^  }}memcpy(buffer, from, 8);
  memcpy(buffer, from, 8);
  // CHECK: perdure_snprintf(r->name, sizeof r->name, "%s %d", from, 5);
  snprintf(r->name, sizeof r->name, "%s %d", from, 5);
  // CHECK: {{^  }}snprintf(buffer, sizeof buffer, "%s", from);
  snprintf(buffer, sizeof buffer, "%s", from);
  // CHECK: PERDURE_CALL(stat(from, PERDURE_RANGE(&r->status, 144)));
  stat(from, &r->status);
  // CHECK: PERDURE_CALL(strtol(from, PERDURE_RANGE(&r->text, 8), 10));
  strtol(from, &r->text, 10);
  // CHECK: atomic_fetch_add(PERDURE_P(&r->references), 1);
  atomic_fetch_add(&r->references, 1);
  // WARN: unit.c:[[#@LINE+2]]:{{.*}}warning: 'cfmakeraw' may write persistent memory
  // CHECK: PERDURE_CALL_VOID(cfmakeraw(PERDURE_OBJECT(&r->terminal)));
  cfmakeraw(&r->terminal);
  // CHECK: PERDURE_CALL(sscanf(from, "%d %8s", PERDURE_OBJECT(&r->number), PERDURE_OBJECT(r->name)));
  sscanf(from, "%d %8s", &r->number, r->name);
  // CHECK: {{^  }}sscanf(from, "%8s", buffer);
  sscanf(from, "%8s", buffer);
  // A function that calls others may write after it has sent: its argument may call, too.
  // CHECK: PERDURE_CALL(stat(name_of(r), PERDURE_RANGE(&r->status, 144)));
  stat(name_of(r), &r->status);
  // CHECK: qsort(numbers, 3, sizeof *numbers, compare);
  int numbers[3] = {3, 1, 2};
  qsort(numbers, 3, sizeof *numbers, compare);
  // CHECK: perdure_qsort(r->name, 32, 1, compare);
  qsort(r->name, 32, 1, compare);
  // CHECK: perdure_readv(0, vector, 1)
  struct iovec vector[1] = {{r->name, 32}};
  if (readv(0, vector, 1) < 0)
    return -1;
  // CHECK: PERDURE_CALL(asprintf(PERDURE_RANGE(&r->text, 8), "%s", from))
  if (asprintf(&r->text, "%s", from) < 0)
    return -1;
  // The program's own, whatever libc has under this name.
  // CHECK: {{^  }}iconv(r);
  iconv(r);
  // CHECK: __atomic_load(&r->number, PERDURE_P(&other->number), __ATOMIC_SEQ_CST);
  __atomic_load(&r->number, &other->number, __ATOMIC_SEQ_CST);
  // CHECK: __sync_fetch_and_add(PERDURE_P(&r->number), 1);
  __sync_fetch_and_add(&r->number, 1);
  // CHECK: return atomic_load(&r->references);
  return atomic_load(&r->references);
}
