// SPDX-License-Identifier: Apache-2.0
//
// Intent: where one allocator makes lasting objects and such of the process, heap scopes are proposed:
// main, threads and makers of objects of the process volatile, callbacks doubtful. An allocator that
// makes lasting objects alone has no scopes (allocations.c).
// RUN: %perdure-cc --perdure-propose -O1 -pthread %s -o %t && %perdure-tool propose %t > %t.yaml
// RUN: FileCheck %s < %t.yaml
// RUN: %perdure-cc --perdure-port=%t.yaml -O1 -pthread %s -o %t
//
// CHECK: {{^}}  functions:
// CHECK-NEXT: {{^}}    - scopes.c:get {{.*}}# makes node, and also client, timer
// CHECK: {{^}}  volatile_scopes:
// CHECK-DAG: {{^}}    - scopes.c:main
// CHECK-DAG: {{^}}    - scopes.c:meet {{.*}}# makes client
// CHECK-DAG: {{^}}    - scopes.c:wind {{.*}}# makes timer
// CHECK-DAG: {{^}}    - scopes.c:work {{.*}}# a thread of its own
// CHECK: {{^}}  persistent_scopes:
// CHECK-NEXT: {{^}}    # - scopes.c:serve {{.*}}a callback that leads to changes of lasting data
// CHECK-NOT: - scopes.c:make
// CHECK-LABEL: persistent_globals:
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct node { struct node *next; };
struct client { int fd; };
struct timer { FILE *log; };
static struct node *list;

static void *get(size_t size) { return malloc(size); }
static void *get_zeroed(size_t size) {
  void *memory = get(size);
  *(char *)memory = 0;
  return memory;
}
static void make(void) {
  struct node *node = get(sizeof *node);
  node->next = list;
  list = node;
}
static struct client *meet(int fd) {
  struct client *client = get_zeroed(sizeof *client);
  client->fd = fd;
  return client;
}
static struct timer *wind(void) {
  struct timer *timer = get(sizeof *timer);
  timer->log = stderr;
  return timer;
}
static void serve(void) { make(); }
static void *work(void *unused) { return get_zeroed(unused != NULL); }
static void (*handler)(void);
static void set_up(void) {
  pthread_t thread;
  handler = serve;
  pthread_create(&thread, NULL, work, NULL);
}
int main(void) {
  set_up();
  while (poll(NULL, 0, 1) == 0) {
    handler();
    free(meet(1));
    free(wind());
  }
}
