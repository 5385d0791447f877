// Intent: a bit-field has no address, so the whole store becomes a macro that records its object.
//
// RUN: rm -rf %t && mkdir %t && cp %s %t/unit.c && cd %t
// RUN: %perdure-port-one unit.c -- -I %perdure-include
// RUN: sed '/^ *\/\/ CHECK/d' out/unit.c | FileCheck %s
// RUN: gcc -std=c11 -Wall -Wextra -Werror -I %perdure-include -c %t/out/unit.c -o %t/unit.o
#include <perdure/annotations.h>

struct PERDURE_PERSISTENT flags {
  unsigned a : 3, b : 5;
  struct {
    unsigned c : 2;
  } inner;
};

void bits(struct flags *f, int i) {
  struct flags local;
  // CHECK: PERDURE_BITS(*f, a, =, 3);
  f->a = 3;
  // CHECK: PERDURE_BITS(*f, b, |=, 1 + i);
  f->b |= 1 + i;
  // CHECK: PERDURE_BITS(f->inner, c, =, f->a);
  f->inner.c = f->a;
  // CHECK: PERDURE_BITS_POST(*f, a, ++);
  f->a++;
  // CHECK: PERDURE_BITS(*f, b, -=, 1);
  --f->b;
  // CHECK: {{^  }}local.a = 1;
  local.a = 1;
  (void)local;
}
