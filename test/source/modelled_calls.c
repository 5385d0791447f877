// Intent: libc functions that write are called through functions that record, or note the object
// before; those that write to the stack stay; unknown ones are warned of.
//
// RUN: rm -rf %t && mkdir %t && cp %s %t/unit.c && cd %t
// RUN: %perdure-port-one unit.c -- -I %perdure-include 2>&1 | FileCheck %s --check-prefix=WARN
// RUN: FileCheck %s --input-file=%t/out/unit.c
// RUN: gcc -std=gnu11 -Wall -Wextra -Werror -I %perdure-include -c %t/out/unit.c -o %t/unit.o
#include <perdure/annotations.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>

struct PERDURE_PERSISTENT record {
  char name[32];
  char *text;
  struct stat status;
  struct termios terminal;
  _Atomic int references;
};

int calls(struct record *r, const char *from) {
  char buffer[64];
  // CHECK: perdure_memcpy(r->name, from, 8);
  memcpy(r->name, from, 8);
  // CHECK: {{^  }}memcpy(buffer, from, 8);
  memcpy(buffer, from, 8);
  // CHECK: perdure_snprintf(r->name, sizeof r->name, "%s %d", from, 5);
  snprintf(r->name, sizeof r->name, "%s %d", from, 5);
  // CHECK: {{^  }}snprintf(buffer, sizeof buffer, "%s", from);
  snprintf(buffer, sizeof buffer, "%s", from);
  // CHECK: stat(from, PERDURE_RANGE(&r->status, 144));
  stat(from, &r->status);
  // CHECK: strtol(from, PERDURE_RANGE(&r->text, 8), 10);
  strtol(from, &r->text, 10);
  // CHECK: atomic_fetch_add(PERDURE_P(&r->references), 1);
  atomic_fetch_add(&r->references, 1);
  // WARN: unit.c:[[#@LINE+2]]:{{.*}}warning: 'cfmakeraw' may write persistent memory
  // CHECK: cfmakeraw(PERDURE_OBJECT(&r->terminal));
  cfmakeraw(&r->terminal);
  // CHECK: return atomic_load(&r->references);
  return atomic_load(&r->references);
}
