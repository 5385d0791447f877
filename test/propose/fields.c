// SPDX-License-Identifier: Apache-2.0
//
// Intent: in lasting objects, counts of references are relaxed, locks are locks, a time from the clock is
// doubtful; counters of data and objects of the process have no entry. With --keep what a kept type
// holds of the process is transient.
// RUN: %perdure-cc --perdure-propose -O1 -pthread %s -o %t && %perdure-tool propose %t > %t.yaml
// RUN: FileCheck %s < %t.yaml
// RUN: %perdure-cc --perdure-port=%t.yaml -O1 -pthread %s -o %t
// RUN: not %perdure-tool propose --keep client %t.none 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: %perdure-cc --perdure-propose -O1 -pthread %s -o %t && %perdure-tool propose --keep client %t > %t.yaml
// RUN: FileCheck %s --check-prefix=KEEP < %t.yaml
// RUN: %perdure-cc --perdure-port=%t.yaml -O1 -pthread %s -o %t
//
// CHECK-LABEL: fields:
// CHECK-DAG: {{^}}  node.refcount: relaxed
// CHECK-DAG: {{^}}  node.own: lock
// CHECK-DAG: {{^}}  # node.used: relaxed
// CHECK-NOT: node.count
// CHECK-NOT: client
// CHECK: # recovery
// NONE: perdure: cannot read {{.*}}none
// KEEP-LABEL: fields:
// KEEP: {{^}}  client.stream: transient
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct node { struct node *next; int refcount, count; time_t used; pthread_mutex_t own; };
struct client { struct client *next; FILE *stream; };
static struct node *list;
static struct client *clients;

int main(int argc, char **argv) {
  (void)argv;
  list = calloc(argc, sizeof *list);
  list->refcount++;
  list->count++;
  list->used = time(NULL);
  clients = calloc(argc, sizeof *clients);
  clients->stream = stdin;
  return 0;
}
