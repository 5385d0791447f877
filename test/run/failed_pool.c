// SPDX-License-Identifier: Apache-2.0
//
// Intent: after the pool has failed (here: a limit on file sizes that the log exceeds) the program runs
// on, says so once, and no output that could acknowledge an update leaves by any function of the gate.
// RUN: rm -rf %t && mkdir -p %t
// RUN: %perdure-cc -O2 -Wall -Werror %s -o %t/test
// RUN: %perdure-cc -O2 -Wall -Werror -D_FORTIFY_SOURCE=2 %s -o %t/fortified
// RUN: env PERDURE_POOL=%t/a %t/test 2>&1 | FileCheck %s
// RUN: env PERDURE_POOL=%t/b %t/fortified 2>&1 | FileCheck %s
// RUN: env PERDURE_POOL=%t/c,emulate_pmem %t/test pmem 2>&1 | FileCheck %s --check-prefix=PMEM
// RUN: env PERDURE_POOL=%t/a %t/test 2>&1 | FileCheck %s --check-prefix=AGAIN
// CHECK: perdure: {{.*}} has failed, no update from now on is durable: cannot write {{.*}}log: File too large; raise the limit on file sizes (ulimit -f)
// CHECK-NOT: perdure:
// CHECK: value 3, nothing sent
// PMEM: value 3
// AGAIN: recovered 1
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <perdure/annotations.h>
#include <perdure/perdure.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

PERDURE_PERSISTENT int value;
PERDURE_TRANSACTION __attribute__((noinline)) static void set(int to) { value = to; }

static int sent;
static void expect_refused(const char *function, ssize_t result) {
  if (result >= 0 || errno != EIO)
    printf("%s returned %zd, errno %d\n", function, result, errno), sent++;
}

int main(int argc, char **argv) {
  (void)argv;
  if (perdure_recovered())
    return printf("recovered %d\n", value) < 0;
  int ends[2], passed[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) || pipe(passed))
    return 1;
  set(1);
  if (perdure_sync() != 0 || send(ends[0], "1", 1, 0) != 1)
    return 1;
  const struct rlimit none = {0, RLIM_INFINITY};
  setrlimit(RLIMIT_FSIZE, &none);
  set(2);
  if (argc > 1)
    return set(3), printf("value %d\n", value) < 0;
  if (perdure_sync() != -1)
    return puts("perdure_sync() succeeded"), 1;
  set(3);
  if (perdure_sync() != -1)
    return puts("perdure_sync() succeeded"), 1;
  void *block = malloc(100);
  free(block);
  expect_refused("send", send(ends[0], "2", 1, 0));
  expect_refused("write", write(ends[0], "2", 1));
  struct iovec part = {"2", 1};
  expect_refused("writev", writev(ends[0], &part, 1));
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  expect_refused("sendmsg", sendmsg(ends[0], &message, 0));
  char control[CMSG_SPACE(sizeof(int))] = {0};
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
  *rights = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
  memcpy(CMSG_DATA(rights), &ends[1], sizeof(int));
  expect_refused("sendmsg with a descriptor", sendmsg(ends[0], &message, 0));
  expect_refused("dprintf", dprintf(ends[0], "%d", 2));
  int self = open("/proc/self/exe", O_RDONLY);
  expect_refused("sendfile", sendfile(ends[0], self, NULL, 1));
  (void)!write(passed[1], "2", 1);
  expect_refused("splice", splice(passed[0], NULL, ends[0], NULL, 1, 0));
  FILE *stream = fdopen(ends[0], "w");
  fputs("2", stream);
  expect_refused("fflush", fflush(stream));
  char received[10];
  ssize_t got = recv(ends[1], received, sizeof received, MSG_DONTWAIT);
  sent += got != 1;
  printf("value %d, %s sent\n", value, sent ? "more was" : "nothing");
  return 0;
}
