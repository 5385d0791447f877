// SPDX-License-Identifier: Apache-2.0
//
// Intent: a global that leads to data, gets a seed or the time at start-up, or changes with such a one
// is proposed; what holds something of the process is not, nor what only main sets up; doubtful ones
// are commented out. The draft is valid for the program.
// RUN: %perdure-cc --perdure-propose -O1 %s -o %t && %perdure-tool propose %t > %t.yaml
// RUN: FileCheck %s < %t.yaml
// RUN: sed -n '/^persistent_globals/,/^[a-oq-z]/p' %t.yaml | FileCheck %s --check-prefix=NOT
// RUN: %perdure-cc --perdure-port=%t.yaml -O1 %s -o %t
//
// CHECK-LABEL: persistent_globals:
// CHECK-DAG: {{^}}  - globals.c:first {{.*}}# leads to node; written in add
// CHECK-DAG: {{^}}  - globals.c:count {{.*}}# changes together with data in add
// CHECK-DAG: {{^}}  - globals.c:nodes {{.*}}# leads to node; written in add
// CHECK-DAG: {{^}}  - globals.c:hash_seed {{.*}}# a seed, by its name
// CHECK-DAG: {{^}}  - globals.c:started {{.*}}# set from the clock at start-up
// CHECK-DAG: {{^}}  - globals.c:settings.limit {{.*}}# changes together with data in add
// CHECK-DAG: {{^}}  # - globals.c:settings.verbose {{.*}}# why is not seen; written in set_verbose
// CHECK-DAG: {{^}}  # - globals.c:clients {{.*}}# client holds what ends with the process
// NOT-NOT: banner
// NOT-NOT: log_file
// NOT-NOT: settings.port
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct node { struct node *next; int key; };
struct client { struct client *next; FILE *stream; };

static struct node *first, *nodes[8];
static int count;
static unsigned char hash_seed[16];
static time_t started;
static struct client *clients;
static const char *banner;
static FILE *log_file;
static struct { int limit, verbose, port; } settings;

static void set_up(void) {
  memset(hash_seed, 7, sizeof hash_seed);
  started = time(NULL) - 1;
  banner = "hello";
  log_file = stderr;
  settings.limit = settings.port = 1;
}

void add(int key) {
  struct node *node = malloc(sizeof *node), **place = &nodes[key % 8];
  node->key = key;
  node->next = first;
  first = *place = node;
  count++;
  settings.limit = key;
}

void set_verbose(int level) { settings.verbose = level; }
void meet(void) {
  clients = calloc(1, sizeof *clients);
  fprintf(log_file, "%s %ld %d %d\n", banner, (long)started, settings.port, hash_seed[0]);
}

int main(int argc, char **argv) {
  set_up();
  (void)argv;
  while (poll(NULL, 0, 1) == 0) {
    add(argc);
    set_verbose(argc);
    meet();
  }
}
