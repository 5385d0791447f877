// SPDX-License-Identifier: Apache-2.0
//
// Intent: where data changes under no lock and main serves events, one thread and commit points where it
// waits are proposed, no transactions; what leads to output is commented out. A fork and printed output
// are remarked on.
// RUN: %perdure-cc --perdure-propose -O1 %s -o %t && %perdure-tool propose %t > %t.yaml
// RUN: FileCheck %s < %t.yaml
// RUN: %perdure-cc --perdure-port=%t.yaml -O1 %s -o %t
//
// CHECK: threads: single
// CHECK: # Forks in event_loop.c:save
// CHECK: # Output that waits by itself: in event_loop.c:answer.
// CHECK: # Output that does not wait, unless named under gated_outputs: in 1 functions, e.g. event_loop.c:report.
// CHECK-NOT: transactions:
// CHECK-LABEL: commit_points:
// CHECK-NEXT: {{^}}  - event_loop.c:wait_for_events {{.*}}# waits for events
// CHECK-NEXT: {{^}}  # - event_loop.c:answer_all {{.*}}# leads to output
// CHECK-NOT: set_up
// CHECK: startup:
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct node { struct node *next; int key; };
static struct node *first, *last;
static void (*before_wait)(void);

static void answer(int fd) { send(fd, "ok", 2, 0); }
static void answer_all(void) { answer(4); }
static void report(void) { puts("served"); }
static void save(void) {
  if (fork() == 0)
    _exit(0);
}
static void before(void) {
  answer_all();
  report();
  save();
}
static void add(int key) {
  struct node *node = malloc(sizeof *node);
  node->key = key;
  node->next = first;
  first = last = node;
}
static int wait_for_events(void) { return poll(NULL, 0, 1); }
static void serve(void) {
  for (;;) {
    before_wait();
    add(wait_for_events());
  }
}
static void set_up(void) {
  before_wait = before;
  first = last = NULL;
}
int main(void) {
  set_up();
  serve();
}
