// SPDX-License-Identifier: Apache-2.0
//
// Intent: functions that run before the event loop alone and set lasting data are skipped, or run and
// undone if they set other things too; what the program also calls later is neither. Recovery runs
// after them, before threads start.
// RUN: %perdure-cc --perdure-propose -O1 -pthread %s -o %t && %perdure-tool propose %t > %t.yaml
// RUN: FileCheck %s < %t.yaml
// RUN: %perdure-cc --perdure-port=%t.yaml -O1 -pthread %s -o %t
//
// CHECK: - startup.c:limit {{.*}}set in main, which nothing skips
// CHECK-LABEL: startup:
// CHECK: {{^}}  skip_if_recovered:
// CHECK-DAG: {{^}}    - startup.c:table_init {{.*}}# runs at start-up alone, sets lasting data
// CHECK-DAG: {{^}}    - startup.c:load_file {{.*}}# loads data from files
// CHECK-DAG: {{^}}    - startup.c:try_init {{.*}}returns 0 when skipped
// CHECK-DAG: {{^}}    # - startup.c:make_table {{.*}}returns a pointer
// CHECK-NOT: add
// CHECK: {{^}}  run_then_restore:
// CHECK-NEXT: {{^}}    - startup.c:all_init {{.*}}among others
// CHECK-NOT: - startup.c
// CHECK: # recovery: {function: NAME, before: startup.c:start_threads}
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct node { struct node *next; int value; };
static struct node *list, **table, *spare;
static int verbose, limit;
int ready;

static void table_init(void) { table = calloc(8, sizeof *table); }
static int try_init(void) { return (list = calloc(1, sizeof *list)) == NULL; }
static struct node *make_table(void) { return spare = calloc(1, sizeof *spare); }
static void all_init(void) {
  list = NULL;
  ready = 1;
}
static void add(int value) {
  struct node *node = malloc(sizeof *node);
  node->value = value;
  node->next = list;
  list = node;
  limit++;
}
static void load_file(const char *path) {
  FILE *file = fopen(path, "r");
  int value;
  while (file && fscanf(file, "%d", &value) == 1)
    add(value);
}
static void *work(void *unused) {
  add(1);
  verbose = ready;
  return unused;
}
static void start_threads(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, work, table);
}
static void greet(void) { puts("hello"); }

int main(int argc, char **argv) {
  limit = argc;
  table_init();
  all_init();
  if (try_init() || !make_table())
    return 1;
  load_file(argv[0]);
  greet();
  start_threads();
  while (poll(NULL, 0, 1) == 0)
    add(verbose);
}
