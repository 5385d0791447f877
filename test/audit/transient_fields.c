// SPDX-License-Identifier: Apache-2.0
//
// Intent: what changes in transient fields of heap objects, in arrays and embedded records too, is
// no finding, nor is a pointer to volatile memory there; the same in the fields beside them is.
// RUN: rm -rf %t && mkdir -p %t
// RUN: %perdure-cc -O2 -w -pthread %s -o %t/clean
// RUN: env PERDURE_POOL=%t/pool PERDURE_AUDIT=fail,every=1 %t/clean 2>&1 | FileCheck %s --check-prefix=CLEAN
// CLEAN-NOT: audit: missed
// CLEAN-NOT: dangling pointer at
// CLEAN: audit: 0 missed stores, 0 dangling pointers, 0 suppressed
// RUN: %perdure-cc -O2 -w -pthread -DBROKEN %s -o %t/broken
// RUN: not env PERDURE_POOL=%t/pool2 PERDURE_AUDIT=fail,log=%t/log %t/broken
// RUN: FileCheck %s --input-file=%t/log
// CHECK-DAG: in 'session' ({{.*}}, offset 12, reached from 'sessions'), field 'uses'; recorded 00, memory 05
// CHECK-DAG: in 'bucket' ({{.*}}, reached from 'sessions'), field '[2].users'; recorded 00, memory 06
// CHECK-DAG: dangling pointer at {{.*}} in 'session' ({{.*}}, field 'name': 0x{{[0-9a-f]+}} points to the libc heap
// CHECK: 2 missed stores, 1 dangling pointers
#include <perdure/annotations.h>
#include <perdure/perdure.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct PERDURE_PERSISTENT bucket {
  PERDURE_TRANSIENT pthread_mutex_t mutex;
  int users, pad;
};
struct PERDURE_PERSISTENT session {
  long id;
  PERDURE_TRANSIENT int references;
  int uses;
  struct {
    PERDURE_TRANSIENT FILE *stream;
    long bytes;
  } file;
  char *name;
  struct bucket *buckets;
};
PERDURE_PERSISTENT struct session *sessions;

static void hidden(int *where, int value) {
  asm volatile("movl %1, (%0)" : : "r"(where), "r"(value));
}

static volatile size_t size = sizeof(struct session);

int main(void) {
  struct session *session = calloc(1, sizeof *session);
  // As a whole: the pointer in the transient field is recorded with the others.
  struct session made = {.id = 1, .file = {fopen("/dev/null", "w"), 0}};
  memcpy(session, &made, size);
  session->buckets = calloc(4, sizeof(struct bucket));
  sessions = session;
  perdure_sync();
  for (int i = 0; i < 6; i++) {
    session->references++;
    pthread_mutex_lock(&session->buckets[2].mutex);
    session->id++;
    perdure_sync();
    usleep(60000);
    pthread_mutex_unlock(&session->buckets[2].mutex);
  }
  pthread_mutex_lock(&session->buckets[1].mutex);
#ifdef BROKEN
  hidden(&session->uses, 5);
  hidden(&session->buckets[2].users, 6);
  char *name = malloc(100); // by itself it is not the pool's
  session->name = name;
#endif
}
