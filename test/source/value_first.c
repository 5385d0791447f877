// Intent: what is stored is evaluated before the place, as in the instrumented program, whatever the
// compiler: the call may move the array that the place is in.
//
// RUN: rm -rf %t && mkdir %t && cp %s %t/unit.c && cd %t
// RUN: %perdure-port-one unit.c -- -I %perdure-include
// RUN: grep -q 'PERDURE_ASSIGN(list.items\[1\].value, grow' out/unit.c
// RUN: clang-19 unit.c -I %perdure-include -o original && ./original | FileCheck %s
// RUN: gcc -O2 -Wall -Wextra -I %perdure-include out/unit.c -o by_gcc -L %perdure-lib -Wl,-rpath,%perdure-lib -lperdure
// RUN: ./by_gcc | FileCheck %s
// RUN: clang-19 -O2 -I %perdure-include out/unit.c -o by_clang -L %perdure-lib -Wl,-rpath,%perdure-lib -lperdure
// RUN: ./by_clang | FileCheck %s
// CHECK: value 7, sum 13, bits 5, text set
#include <perdure/annotations.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct PERDURE_PERSISTENT item {
  long value, sum;
  unsigned bits : 3;
  char *text;
};
static struct {
  struct item *items;
  size_t count;
} list;

// As an array that grows by allocation does, and the old one is not to be used again.
__attribute__((noinline)) static long grow(long result) {
  struct item *items = calloc(list.count + 4, sizeof *items);
  if (!items)
    abort();
  for (size_t i = 0; i < list.count; i++)
    items[i] = list.items[i];
  if (list.items)
    memset(list.items, 0xdd, list.count * sizeof *items);
  list.items = items;
  list.count += 4;
  return result;
}
__attribute__((noinline)) static char *text(void) { return grow(0), "set"; }

int main(void) {
  list.items[1].value = grow(7);
  list.items[1].sum = 3;
  list.items[1].sum += grow(10);
  list.items[1].bits = (unsigned)grow(4);
  list.items[1].bits |= (unsigned)grow(1);
  list.items[1].text = text();
  const struct item *item = &list.items[1];
  printf("value %ld, sum %ld, bits %u, text %s\n", item->value, item->sum, item->bits, item->text);
  return 0;
}
