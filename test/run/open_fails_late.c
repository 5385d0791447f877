// SPDX-License-Identifier: Apache-2.0
//
// Intent: perdure_open() that fails, however late, leaves the program volatile with the values it had;
// it can be called again. Each number of file descriptors that is too small fails at another place.
// RUN: rm -rf %t && mkdir -p %t
// RUN: %perdure-cc -O2 -Wall -Werror %s -o %t/test
// RUN: %t/test %t/pool > %t/out 2> %t/messages
// RUN: FileCheck %s --check-prefix=OUT < %t/out
// RUN: count 0 < %t/messages
// RUN: %t/test %t/pool | FileCheck %s --check-prefix=AGAIN
// RUN: %perdure-tool check %t/pool
// OUT: cannot open {{.*}}: Too many open files; raise the limit on open files (ulimit -n)
// OUT: cannot start the output gate's thread: Too many open files
// OUT: opened with 41
// AGAIN: opened with 42
#include <perdure/annotations.h>
#include <perdure/perdure.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct PERDURE_PERSISTENT box {
  int value;
};
PERDURE_PERSISTENT int global = 40;
PERDURE_PERSISTENT struct box *box;

PERDURE_TRANSACTION __attribute__((noinline)) static void set(int value) {
  struct box *made = malloc(sizeof *made);
  made->value = value;
  free(box);
  box = made;
  global = value;
}

static int is_volatile(void) {
  set(41);
  return global == 41 && !perdure_is_persistent(box) && box->value == 41 && !perdure_recovered() &&
         perdure_sync() == -1;
}

int main(int argc, char **argv) {
  char last[300] = "";
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  for (int failures = 0, most = 3; most < 64; most++) {
    limit.rlim_cur = (rlim_t)most;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (argc > 1 && perdure_open(argv[1]) == 0) {
      printf("opened with %d\n", perdure_recovered() ? global + 1 : global);
      box = NULL; // volatile memory, or what the pool had
      set(41);
      return perdure_sync() != 0 || (failures == 0 && !perdure_recovered());
    }
    failures++;
    if (strcmp(last, perdure_error()) != 0)
      puts(perdure_error());
    snprintf(last, sizeof last, "%s", perdure_error());
    if (!is_volatile())
      return puts("it is not as it was before"), 1;
    free(box);
    box = NULL;
  }
  return 1;
}
