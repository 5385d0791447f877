// Intent: a persistent global's declaration becomes that of its type, a use a dereference of its
// address; its twin that is not persistent stays.
//
// RUN: rm -rf %t && mkdir %t && cp %s %t/unit.c && cd %t
// RUN: %perdure-port-one unit.c -- -I %perdure-include
// RUN: sed '/^ *\/\/ CHECK/d' out/unit.c | FileCheck %s
// RUN: FileCheck %s --check-prefix=HEAD --input-file=%t/out/unit.perdure.h
// RUN: FileCheck %s --check-prefix=TAIL --input-file=%t/out/unit.perdure.inc
// RUN: gcc -std=c11 -Wall -Wextra -Werror -I %perdure-include -c %t/out/unit.c -o %t/unit.o
#include <perdure/annotations.h>

// HEAD: #define perdure_at_list 0x20{{[0-9a-f]+}}ull // unit.c:list
// HEAD-DAG: #define perdure_at_counter 0x20{{[0-9a-f]+}}ull // counter
// HEAD-NOT: perdure_at_plain

// CHECK: PERDURE_PERSISTENT typedef struct list {
PERDURE_PERSISTENT static struct list {
  struct list *first;
  PERDURE_RELAXED int clock;
  PERDURE_TRANSIENT int users;
  // CHECK: } perdure_type_list;
} list;
// CHECK: typedef PERDURE_PERSISTENT long perdure_type_counter;
// CHECK-NEXT: static const perdure_type_counter perdure_initial_counter = 5;
PERDURE_PERSISTENT long counter = 5;
// CHECK: PERDURE_PERSISTENT typedef int perdure_type_table[2];
// CHECK-NEXT: static const perdure_type_table perdure_initial_table = {1, 2};
PERDURE_PERSISTENT static int table[] = {1, 2};
// CHECK: PERDURE_PERSISTENT typedef int perdure_type_left, perdure_type_right;
PERDURE_PERSISTENT static int left, right;
// CHECK: static int plain = 3;
static int plain = 3;

int use(struct list *other, int i) {
  // CHECK: PERDURE_W(PERDURE_ROOT(list).first) = other;
  list.first = other;
  // CHECK: PERDURE_W_RELAXED(PERDURE_ROOT(list).clock)++;
  list.clock++;
  // CHECK: {{^  }}PERDURE_ROOT(list).users++;
  list.users++;
  // CHECK: PERDURE_W(PERDURE_ROOT(table)[i]) = plain;
  table[i] = plain;
  // CHECK: {{^  }}plain = (int)(sizeof PERDURE_ROOT(table) / sizeof *PERDURE_ROOT(table));
  plain = (int)(sizeof table / sizeof *table);
  // CHECK: return (int)PERDURE_ROOT(counter) + PERDURE_ROOT(left) + PERDURE_ROOT(right) + plain;
  return (int)counter + left + right + plain;
}
// TAIL: {"unit.c:list", (void *)perdure_at_list, 16, NULL, PERDURE_ROWS(perdure_spans_list), "list", 1},
// TAIL: {"counter", (void *)perdure_at_counter, 8, &perdure_initial_counter, NULL, 0, "long", 0},
// TAIL: {"list", 16, PERDURE_ROWS(perdure_fields_0)},
// TAIL: PERDURE_MODULE("unit.c", PERDURE_MODULE_NOTES_AHEAD,
