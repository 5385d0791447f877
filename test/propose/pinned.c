// SPDX-License-Identifier: Apache-2.0
//
// Intent: tables of functions are pinned if lasting objects point to their kind; not those that objects
// of the process point to, and not tables of numbers.
// RUN: %perdure-cc --perdure-propose -O1 %s -o %t && %perdure-tool propose %t > %t.yaml
// RUN: sed -n '/^pinned/,/^[a-oq-z]/p' %t.yaml | FileCheck %s
// RUN: %perdure-cc --perdure-port=%t.yaml -O1 %s -o %t
//
// CHECK: pinned:
// CHECK-DAG: {{^}}  - pinned.c:by_name {{.*}}# node.order points to such ones
// CHECK-DAG: {{^}}  - pinned.c:by_number
// CHECK-NOT: plain
// CHECK-NOT: limits
#include <stdlib.h>

struct order { int (*compare)(int, int); };
struct transport { int (*send)(int); };
struct limits { int most; };
struct node { struct node *next; const struct order *order; const struct limits *limits; };
struct client { int fd; const struct transport *transport; };

static int less(int a, int b) { return a < b; }
static int send_it(int x) { return x; }
static const struct order by_name = {less};
static struct order by_number = {less};
static struct transport plain = {send_it};
static const struct limits limits = {3};
static struct node *list;
static struct client *clients;

int main(int argc, char **argv) {
  (void)argv;
  list = calloc(1, sizeof *list);
  list->order = argc > 1 ? &by_name : &by_number;
  list->limits = &limits;
  clients = calloc(1, sizeof *clients);
  clients->transport = &plain;
  return list->order->compare(1, 2) + clients->transport->send(1) + list->limits->most;
}
