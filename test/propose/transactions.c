// SPDX-License-Identifier: Apache-2.0
//
// Intent: a function that writes several lasting globals under no lock is proposed as a transaction; one
// that all call under a lock is not, nor one that writes a single global; one that takes a lock itself
// is doubtful.
// RUN: %perdure-cc --perdure-propose -O1 -pthread %s -o %t && %perdure-tool propose %t > %t.yaml
// RUN: FileCheck %s < %t.yaml
// RUN: %perdure-cc --perdure-port=%t.yaml -O1 -pthread %s -o %t
//
// CHECK-LABEL: transactions:
// CHECK-NEXT: {{^}}  - transactions.c:swap {{.*}}# writes 2 of the globals above
// CHECK-NEXT: {{^}}  # - transactions.c:add {{.*}}# writes 2 of the globals above, and takes a lock
// CHECK-NOT: - transactions.c
// CHECK-LABEL: startup:
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

struct node { struct node *next; };
static struct node *live, *old;
static int count;
static pthread_mutex_t lock;

static void init(void) { live = calloc(1, sizeof *live); }
static void link_in(struct node *node) {
  node->next = live;
  live = node;
  old = NULL;
}
static void add(void) {
  struct node *node = malloc(sizeof *node);
  pthread_mutex_lock(&lock);
  link_in(node);
  live = node;
  count++;
  pthread_mutex_unlock(&lock);
}
static void swap(void) {
  old = live;
  live = NULL;
}
static void forget(void) { old = NULL; }
int main(void) {
  init();
  while (poll(NULL, 0, 1) == 0) {
    add();
    swap();
    forget();
  }
}
