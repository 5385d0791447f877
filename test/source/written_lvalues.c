// Intent: a written lvalue is wrapped where it stands, and nothing else is touched.
//
// RUN: rm -rf %t && mkdir %t && cp %s %t/unit.c && cd %t
// RUN: %perdure-port-one unit.c -- -I %perdure-include
// RUN: sed '/^ *\/\/ CHECK/d' out/unit.c | FileCheck %s
#include <perdure/annotations.h>

struct PERDURE_PERSISTENT node {
  struct node *next;
  PERDURE_RELAXED long clock;
  PERDURE_TRANSIENT int users;
  int count;
  int values[4];
  union {
    int whole;
    char bytes[4];
  } mixed;
};

int f(void);
static int g(int x) { return x + 1; }
static void clean(int *x) { *x = f(); }
static int cleans_up(int x) {
  int y __attribute__((cleanup(clean))) = x;
  return y;
}

void writes(struct node *n, struct node *head, int i) {
  // CHECK: PERDURE_W(n->next) = head; // a comment survives
  n->next = head; // a comment survives
  // CHECK: PERDURE_W(n->count)++;
  n->count++;
  // CHECK: --PERDURE_W(n->count);
  --n->count;
  // CHECK: PERDURE_W(n->values[i++]) += 2;
  n->values[i++] += 2;
  // CHECK: PERDURE_W(n->mixed.bytes[1]) = 'x';
  n->mixed.bytes[1] = 'x';
  // CHECK: PERDURE_W(*n) = (struct node){.count = 1, .values = {1, 2}};
  *n = (struct node){.count = 1, .values = {1, 2}};
  // CHECK: PERDURE_W(n->next) = PERDURE_W(head->next) = 0;
  n->next = head->next = 0;
  // CHECK: PERDURE_W_RELAXED(n->clock) = 7;
  n->clock = 7;
  // CHECK: {{^  }}n->users++;
  n->users++;
}

// What may end a unit before the store: the entry follows the store.
void updates(struct node *n, int i) {
  // CHECK: PERDURE_ASSIGN(n->count, f());
  n->count = f();
  // CHECK: PERDURE_UPDATE(n->count, +=, f() + 1);
  n->count += f() + 1;
  // CHECK: PERDURE_W(n->count) = g(i);
  n->count = g(i);
  // CHECK: PERDURE_ASSIGN(n->count, cleans_up(i));
  n->count = cleans_up(i);
  // CHECK: PERDURE_ASSIGN(n->count, __builtin_printf("x"));
  n->count = __builtin_printf("x");
  // CHECK: PERDURE_W(n->count) = __builtin_expect(i, 0) + (int)__builtin_strlen("x");
  n->count = __builtin_expect(i, 0) + (int)__builtin_strlen("x");
  // CHECK: PERDURE_POST(n->count, ++) + f();
  i = n->count++ + f();
  // CHECK: PERDURE_UPDATE(n->count, +=, 1) + f();
  i = ++n->count + f();
  // CHECK: (void)(PERDURE_W(n->count)++ && f());
  (void)(n->count++ && f());
}

// CHECK-LABEL: volatile_memory
int volatile_memory(int i) {
  struct node local, *p = &local;
  int array[3];
  static int counter;
  // CHECK: {{^  }}local.count = 1;
  local.count = 1;
  // CHECK: {{^  }}array[i] = 2;
  array[i] = 2;
  // CHECK: {{^  }}counter++;
  counter++;
  // CHECK: {{^  }}(&local)->count = 3;
  (&local)->count = 3;
  // CHECK: PERDURE_W(p->count) = 4;
  p->count = 4;
  return array[0];
}
// CHECK: #include "unit.perdure.inc"
