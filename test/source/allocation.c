// Intent: allocations that become persistent objects take pool memory, by type and by function.
//
// RUN: rm -rf %t && mkdir %t && cp %s %t/unit.c && cd %t
// RUN: %perdure-port-one unit.c -- -I %perdure-include
// RUN: sed '/^ *\/\/ CHECK/d' out/unit.c | FileCheck %s
// RUN: gcc -std=gnu11 -Wall -Wextra -Werror -I %perdure-include -c %t/out/unit.c -o %t/unit.o
#include <perdure/annotations.h>
#include <stdlib.h>
#include <string.h>

struct PERDURE_PERSISTENT item {
  char *text;
};

struct item *by_type(const char *text) {
  // CHECK: struct item *item = perdure_malloc(sizeof *item);
  struct item *item = malloc(sizeof *item);
  // CHECK: PERDURE_ASSIGN(item->text, perdure_strdup(text));
  item->text = strdup(text);
  // CHECK: char *copy = strdup(text);
  char *copy = strdup(text);
  // CHECK: {{^  }}free(copy);
  free(copy);
  return item;
}
PERDURE_ALLOCATES void *by_function(size_t size) {
  // CHECK: return perdure_calloc(1, size);
  return calloc(1, size);
}
