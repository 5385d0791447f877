// SPDX-License-Identifier: Apache-2.0
//
// Intent: functions whose malloc makes lasting objects, or fills lasting places, or hands untyped memory
// to a file with lasting globals are proposed; those that make objects of the process are commented out.
// RUN: %perdure-cc --perdure-propose -O1 %s -o %t && %perdure-tool propose %t > %t.yaml
// RUN: FileCheck %s < %t.yaml
// RUN: %perdure-cc --perdure-port=%t.yaml -O1 %s -o %t
//
// CHECK-LABEL: allocations:
// CHECK: {{^}}  functions:
// CHECK-DAG: {{^}}    - allocations.c:make {{.*}}# makes node
// CHECK-DAG: {{^}}    - allocations.c:grow {{.*}}# its memory goes to table
// CHECK-DAG: {{^}}    - allocations.c:name {{.*}}# its memory goes to node.name
// CHECK-DAG: {{^}}    - allocations.c:page {{.*}}# untyped memory, in a file that has lasting globals
// CHECK-DAG: {{^}}    # - allocations.c:meet {{.*}}# makes client
// CHECK-DAG: {{^}}    # - allocations.c:scratch {{.*}}# what for is not seen
// CHECK-NOT: - allocations.c:main
// CHECK-LABEL: persistent_globals:
#include <stdlib.h>
#include <string.h>

struct node { struct node *next; char *name; };
struct client { int fd; };
struct node **table, *first;

static void grow(int size) { table = calloc(size, sizeof *table); }
static void name(struct node *node, const char *text) { node->name = strdup(text); }
static struct node *make(void) {
  struct node *node = malloc(sizeof *node);
  node->next = first;
  first = node;
  return node;
}
static void *page(size_t size) { return malloc(size); }
static struct client *meet(int fd) {
  struct client *client = malloc(sizeof *client);
  client->fd = fd;
  return client;
}
static int scratch(int size) {
  char *bytes = malloc(size);
  int sum = bytes[0];
  free(bytes);
  return sum;
}
int main(int argc, char **argv) {
  char *own = malloc(10);
  grow(argc);
  name(make(), argv[0]);
  return page(1) == (void *)meet(2) || scratch(argc) || !own;
}
