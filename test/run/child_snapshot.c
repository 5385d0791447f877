// SPDX-License-Identifier: Apache-2.0
//
// Intent: a forked child that lives on keeps neither the log from being emptied nor updates waiting,
// and yet sees the state of its fork() throughout: pages it had never touched are in the image file,
// which its parent's checkpoints write meanwhile.
// RUN: rm -rf %t && mkdir -p %t
// RUN: %perdure-cc -O2 -Wall -Werror %s -o %t/test
// RUN: env PERDURE_POOL=%t/pool,log_size=64K %t/test
// RUN: env PERDURE_POOL=%t/pool %t/test 2>&1 | FileCheck %s
// RUN: env PERDURE_POOL=%t/pool %t/test show | FileCheck %s --check-prefix=AFTER
// CHECK-NOT: log
// CHECK: the child sees 1 in 256 of 256 pages
// CHECK: the parent went on to 5
// AFTER: 5 in 256 of 256 pages
#include <perdure/annotations.h>
#include <perdure/perdure.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kPages = 256, kGenerations = 5 };
PERDURE_PERSISTENT char data[kPages][4096];

PERDURE_TRANSACTION __attribute__((noinline)) static void write_page(int page, int generation) {
  for (int at = 0; at < 4096; at++)
    data[page][at] = (char)generation;
}

static void write_all(int generation) {
  for (int page = 0; page < kPages; page++) {
    write_page(page, generation);
    perdure_sync();
  }
}

static int pages_with(int generation) {
  int found = 0;
  for (int page = 0; page < kPages; page++)
    found += data[page][0] == generation && data[page][4095] == generation;
  return found;
}

int main(int argc, char **argv) {
  alarm(60);
  (void)argv;
  if (!perdure_recovered()) {
    write_all(1);
    return 0;
  }
  if (argc > 1)
    return printf("%d in %d of %d pages\n", data[0][0], pages_with(data[0][0]), kPages) < 0;
  int wait_for_parent[2];
  char byte;
  if (pipe(wait_for_parent) != 0)
    return 1;
  pid_t child = fork();
  if (child == 0) {
    close(wait_for_parent[1]);
    (void)!read(wait_for_parent[0], &byte, 1);
    return printf("the child sees 1 in %d of %d pages\n", pages_with(1), kPages) < 0;
  }
  // Sixty times what the log holds.
  for (int generation = 2; generation <= kGenerations; generation++)
    write_all(generation);
  close(wait_for_parent[1]);
  waitpid(child, NULL, 0);
  printf("the parent went on to %d\n", data[0][0]);
}
