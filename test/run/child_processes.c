// SPDX-License-Identifier: Apache-2.0
//
// Intent: a forked child sees the state, but its stores never reach the pool, while the parent goes
// on; a child that became a session leader and whose parent exits (a daemon) takes the pool over.
// RUN: rm -rf %t && mkdir -p %t
// RUN: %perdure-cc -O2 -Wall -Werror %s -o %t/test
// RUN: env PERDURE_POOL=%t/pool not --crash %t/test child | FileCheck %s --check-prefix=CHILD
// RUN: env PERDURE_POOL=%t/pool %t/test show | FileCheck %s --check-prefix=AFTER
// RUN: env PERDURE_POOL=%t/pool %t/test daemon %t/done
// RUN: %t/test wait %t/done
// RUN: env PERDURE_POOL=%t/pool %t/test show | FileCheck %s --check-prefix=DAEMON
// CHILD: child sees 1 2
// AFTER: 4 3
// DAEMON: 7 8
#include <perdure/annotations.h>
#include <perdure/perdure.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct PERDURE_PERSISTENT box {
  int value;
};
PERDURE_PERSISTENT int global;
PERDURE_PERSISTENT struct box *box;

PERDURE_TRANSACTION __attribute__((noinline)) static void set(int left, int right) {
  global = left;
  box->value = right;
}

// Until the process whose number stands in PATH has ended.
static void wait_for(const char *path) {
  for (int i = 0; i < 1000; i++, usleep(20000)) {
    int process = 0;
    FILE *file = fopen(path, "r");
    if (file && fscanf(file, "%d\n", &process) == 1 && kill(process, 0) != 0)
      return;
    if (file)
      fclose(file);
  }
}

static void run_child(void) {
  set(1, 2);
  if (fork() == 0) {
    printf("child sees %d %d\n", global, box->value);
    fflush(stdout);
    set(100, 101);
    perdure_sync();
    exit(0);
  }
  wait(NULL);
  box->value = 3;
  global = 4;
  perdure_sync();
  kill(getpid(), SIGKILL);
}

static void run_daemon(const char *done) {
  set(5, 6);
  pid_t parent = getpid();
  if (daemon(1, 0) != 0)
    perror("daemon");
  for (int i = 0; i < 1000 && kill(parent, 0) == 0; i++) // it may still be on its way out
    usleep(20000);
  for (int i = 0; i < 20; i++) {
    set(7, 8);
    perdure_sync();
    usleep(20000);
  }
  FILE *file = fopen(done, "w");
  fprintf(file, "%d\n", (int)getpid());
  fclose(file);
}

int main(int argc, char **argv) {
  if (argc > 2 && strcmp(argv[1], "wait") == 0) {
    wait_for(argv[2]);
    return 0;
  }
  if (!box)
    box = malloc(sizeof *box);
  if (strcmp(argv[1], "child") == 0)
    run_child();
  else if (strcmp(argv[1], "daemon") == 0)
    run_daemon(argv[2]);
  else
    printf("%d %d\n", global, box->value);
}
