// SPDX-License-Identifier: Apache-2.0
//
// Intent: perdure_reclaim() frees what the killed run had allocated and nothing leads to, while the
// program goes on; with one mutator (the other thread's frees wait for its commit points) as with
// many; through the program's own function, which counts them. What is reachable stays, also what
// is allocated meanwhile. 30 kills leave as much allocated as the first. Its process is nobody's
// child, and holds neither the output nor a port.
// RUN: split-file %s %t && rm -rf %t/many.pool %t/single.pool
// RUN: %perdure-cc -O2 -pthread -Wall -Werror %t/leak.c -o %t/many
// RUN: %perdure-cc -O2 -pthread -Wall -Werror -DSINGLE --perdure-port=%t/single.yaml %t/leak.c -o %t/single
// RUN: python3 %t/kill.py %t/many %t/many.pool | FileCheck %s
// RUN: python3 %t/kill.py %t/single %t/single.pool | FileCheck %s
// RUN: %perdure-tool check %t/many.pool && %perdure-tool check %t/single.pool
// CHECK: 30 kills, as much allocated as after the first
//--- single.yaml
threads: single
commit_points: [tick]
//--- leak.c
#include <arpa/inet.h>
#include <perdure/annotations.h>
#include <perdure/perdure.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kKept = 500, kLost = 3000 };
struct PERDURE_PERSISTENT item {
  struct item *next;
  long value;
  char text[80];
};
PERDURE_PERSISTENT struct item *kept;
static atomic_int released;

__attribute__((noinline)) void tick(void) { __asm__ volatile("" ::: "memory"); }

static struct item *add(struct item **list, long value) {
  struct item *item = calloc(1, sizeof *item);
  item->value = value;
  item->next = *list;
  *list = item;
  return item;
}

static void release(void *block) {
  free(block);
  released++;
}

static int fail(const char *what) {
  printf("%s\n", what);
  return 1;
}

// The listening socket must not live on in the searching process.
static int listen_on(int port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 1) != 0)
    perror("bind");
  getsockname(fd, (struct sockaddr *)&address, &size);
  return ntohs(address.sin_port);
}

int main(int argc, char **argv) {
  long expected = argc > 2 ? atol(argv[2]) : 0;
  int port = listen_on(atoi(argv[1]));
  if (perdure_reclaim(release) != 0)
    return fail("no reclaim");
  if (waitpid(-1, NULL, WNOHANG) != -1)
    return fail("a child of ours is left");
  struct item *meanwhile = NULL; // reachable from a register or the stack only
  for (int i = 0; i < kKept; i++)
    add(&meanwhile, i);
  if (!perdure_recovered())
    for (int i = 0; i < kKept; i++)
      add(&kept, i);
  for (int i = 0; i < 2000 && (released < expected || i < 20); i++) {
    tick();
    usleep(1000);
  }
  tick();
  for (struct item *item = meanwhile, *next; item; item = next) {
    next = item->next;
    free(item);
  }
  tick();
  long count = 0;
  for (struct item *item = kept; item; item = item->next)
    count += item->value == kKept - 1 - count;
  if (count != kKept)
    return fail("something kept is gone");
  printf("%d %zu %d\n", released, perdure_heap_used(), port);
  fflush(stdout);
  struct item *lost = NULL;
  for (int i = 0; i < kLost; i++)
    add(&lost, (long)add);
  tick();
  perdure_sync();
  raise(SIGKILL);
}
//--- kill.py
import os
import subprocess
import sys

program, pool = sys.argv[1:]
port, lost, used = "0", 0, []
for run in range(31):
    result = subprocess.run([program, port, str(lost)], env={**os.environ, "PERDURE_POOL": pool},
                            capture_output=True, text=True)
    words = result.stdout.split()
    assert len(words) == 3, result
    assert result.returncode == -9, result
    assert int(words[0]) >= lost, f"run {run}: {words[0]} released of {lost}"
    used.append(int(words[1]))
    port, lost = words[2], 3000
assert len(set(used[1:])) == 1 and used[0] == used[1], used
print("30 kills, as much allocated as after the first")
