// SPDX-License-Identifier: Apache-2.0
//
// Intent: what a forked child stores is its own and no finding, whether it exits in order or not;
// its parent goes on being audited. A child that takes the pool over is audited like any other.
// RUN: rm -rf %t && mkdir -p %t
// RUN: %perdure-cc -O1 %s -o %t/broken
// RUN: not env PERDURE_POOL=%t/a PERDURE_AUDIT=fail,log=%t/a.log %t/broken parent
// RUN: FileCheck %s --input-file=%t/a.log
// RUN: env PERDURE_POOL=%t/b PERDURE_AUDIT=fail,log=%t/b.log %t/broken daemon
// RUN: %t/broken wait %t/b.log
// RUN: FileCheck %s --input-file=%t/b.log
// CHECK-NOT: missed store
// CHECK: missed store at {{.*}} in 'box' ({{.*}}, field 'hidden'; recorded 00, memory 07
// CHECK-NEXT: audit: 1 missed stores, 0 dangling pointers
// CHECK-NOT: audit
// RUN: %perdure-cc -O1 -DCLEAN %s -o %t/clean
// RUN: env PERDURE_POOL=%t/c PERDURE_AUDIT=fail,log=%t/c.log %t/clean parent
// RUN: env PERDURE_POOL=%t/d PERDURE_AUDIT=fail,log=%t/d.log %t/clean daemon
// RUN: %t/clean wait %t/d.log
// RUN: cat %t/c.log %t/d.log | FileCheck %s --check-prefix=CLEAN
// CLEAN: audit: 0 missed stores, 0 dangling pointers
// CLEAN-NEXT: audit: 0 missed stores, 0 dangling pointers
// CLEAN-NOT: audit
#include <perdure/annotations.h>
#include <perdure/perdure.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct PERDURE_PERSISTENT box {
  long counter;
  int hidden, of_child;
};
PERDURE_PERSISTENT struct box *box;

static void hidden(int *where, int value) {
  asm volatile("movl %1, (%0)" : : "r"(where), "r"(value));
}

static void child(int in_order) {
  if (fork() == 0) {
    box->counter = 1000;
    hidden(&box->of_child, 9);
    if (in_order)
      exit(0);
    _exit(0);
  }
  int status;
  if (wait(&status) < 0 || status != 0)
    exit(3);
}

static int ends(const char *log) {
  char text[1000] = "";
  FILE *file = fopen(log, "r");
  if (!file)
    return 0;
  text[fread(text, 1, sizeof text - 1, file)] = 0;
  fclose(file);
  return strstr(text, "dangling pointers,") != NULL;
}

int main(int argc, char **argv) {
  if (argc == 3) { // wait LOG
    for (int i = 0; i < 200 && !ends(argv[2]); i++)
      usleep(50000);
    return 0;
  }
  box = calloc(1, sizeof *box);
  box->counter = 1;
  perdure_sync();
  if (strcmp(argv[1], "daemon") == 0 && daemon(1, 1) != 0)
    return 4;
  child(1);
  child(0);
  box->counter++;
  perdure_sync();
#ifdef CLEAN
  box->hidden = 7;
#else
  hidden(&box->hidden, 7);
#endif
  child(1);
  return box->counter == 2 ? 0 : 5;
}
