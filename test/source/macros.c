// Intent: a store in a macro's argument is wrapped at the use, one in its body at the definition, once.
//
// RUN: rm -rf %t && mkdir %t && cp %s %t/unit.c && cd %t
// RUN: %perdure-port-one unit.c -- -I %perdure-include
// RUN: sed '/^ *\/\/ CHECK/d' out/unit.c | FileCheck %s
// RUN: gcc -std=c11 -Wall -Wextra -Werror -I %perdure-include -c %t/out/unit.c -o %t/unit.o
#include <errno.h>
#include <perdure/annotations.h>

struct PERDURE_PERSISTENT node {
  struct node *next;
  int count;
};

// CHECK: #define INC(n) (PERDURE_W((n)->count)++)
#define INC(n) ((n)->count++)
// CHECK: #define SET(place, value) ((place) = (value))
#define SET(place, value) ((place) = (value))
// CHECK: #define NEXT node->next
#define NEXT node->next
// CHECK: #define COUNT (node->count)
#define COUNT (node->count)

int uses(struct node *node, struct node *other) {
  // CHECK: INC(node) + INC(other);
  int sum = INC(node) + INC(other);
  struct node local = {0};
  // CHECK: INC(&local);
  INC(&local);
  // CHECK: SET(PERDURE_W(node->count), 5);
  SET(node->count, 5);
  // CHECK: SET(sum, 6);
  SET(sum, 6);
  // CHECK: PERDURE_W(NEXT) = other;
  NEXT = other;
  // CHECK: PERDURE_W(COUNT) = COUNT + 1;
  COUNT = COUNT + 1;
  // CHECK: {{^  }}errno = 0;
  errno = 0;
  return sum;
}
