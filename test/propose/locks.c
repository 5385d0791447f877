// SPDX-License-Identifier: Apache-2.0
//
// Intent: a lock under which lasting data changes is proposed, taken directly, through a function, or in
// an array; one that is held while its thread waits or sleeps is not, nor one that guards nothing lasting.
// A lock in a lasting object is a field. Where a proposed lock may be held while something waits is a
// commit point.
// RUN: %perdure-cc --perdure-propose -O1 -pthread %s -o %t && %perdure-tool propose %t > %t.yaml
// RUN: FileCheck %s < %t.yaml
// RUN: %perdure-cc --perdure-port=%t.yaml -O1 -pthread %s -o %t
//
// CHECK-LABEL: fields:
// CHECK: {{^}}  node.own: lock
// CHECK-LABEL: locks:
// CHECK-DAG: {{^}}  - locks.c:bucket_locks {{.*}}# taken in 2 functions, under it {{.*}} change lasting data
// CHECK-DAG: {{^}}  - locks.c:list_lock {{.*}}# taken in 1 functions
// CHECK-DAG: {{^}}  # - locks.c:wake_lock {{.*}}# held while locks.c:waiter waits
// CHECK-DAG: {{^}}  # - locks.c:sleeper_lock {{.*}}# held while locks.c:sleeper waits
// CHECK-DAG: {{^}}  # - locks.c:stats_lock {{.*}}# no change of lasting data is seen under it
// CHECK-LABEL: commit_points:
// CHECK-NEXT: {{^}}  - locks.c:show {{.*}}# waits, perhaps with a lock above
// CHECK-NOT: sleeper
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

struct node { struct node *next; pthread_mutex_t own; };
static struct node *table[8], *list;
static pthread_mutex_t bucket_locks[8], list_lock, wake_lock, sleeper_lock, stats_lock;
static pthread_cond_t wake;

static void lock_bucket(int i) { pthread_mutex_lock(&bucket_locks[i]); }
static void unlock_bucket(int i) { pthread_mutex_unlock(&bucket_locks[i]); }

static void insert(int i, struct node *node) {
  lock_bucket(i);
  node->next = table[i];
  table[i] = node;
  unlock_bucket(i);
}
static void push(struct node *node) {
  pthread_mutex_lock(&list_lock);
  node->next = list;
  list = node;
  pthread_mutex_unlock(&list_lock);
}
static void show(void) { usleep(1); }
static void walk(int i) {
  lock_bucket(i);
  show();
  unlock_bucket(i);
}
static void *waiter(void *unused) {
  pthread_mutex_lock(&wake_lock);
  for (;;) {
    pthread_cond_wait(&wake, &wake_lock);
    push(calloc(1, sizeof(struct node)));
  }
  return unused;
}
static void *sleeper(void *unused) {
  pthread_mutex_lock(&sleeper_lock);
  for (;;) {
    pthread_mutex_unlock(&sleeper_lock);
    usleep(1);
    pthread_mutex_lock(&sleeper_lock);
    insert(1, calloc(1, sizeof(struct node)));
    walk(1);
  }
  return unused;
}
int requests;
static void *counter(void *unused) {
  pthread_mutex_lock(&stats_lock);
  __atomic_fetch_add((int *)unused, 1, __ATOMIC_RELAXED);
  pthread_mutex_unlock(&stats_lock);
  return unused;
}
int main(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, waiter, NULL);
  pthread_create(&thread, NULL, sleeper, NULL);
  pthread_create(&thread, NULL, counter, &requests);
  return pthread_join(thread, NULL);
}
