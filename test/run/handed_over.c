// Intent: input that is not recorded is data once it is handed over, and not before: the log does not have
// what was only received, and a restart finds what was handed over, whatever came after it.
//
// RUN: rm -rf %t && mkdir %t
// RUN: %perdure-cc -O2 -Wall -Werror %s -o %t/program
// RUN: env PERDURE_POOL=%t/pool not --crash %t/program fill
// RUN: env PERDURE_POOL=%t/pool %t/program look | FileCheck %s --check-prefixes=CHECK,%if input-is-recorded %{RECORDED%} %else %{LEFT%}
// RUN: %perdure-tool check %t/pool
// RUN: %perdure-cc -O0 -Wall -Werror %s -o %t/plain
// RUN: env PERDURE_POOL=%t/pool2 not --crash %t/plain fill
// RUN: env PERDURE_POOL=%t/pool2 %t/plain look | FileCheck %s --check-prefixes=CHECK,%if input-is-recorded %{RECORDED%} %else %{LEFT%}
// CHECK: value 40000 bytes of v, then !
// LEFT: buffer unknown
// RECORDED: buffer known
#include <perdure/annotations.h>
#include <perdure/perdure.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { kSize = 40000 };
struct PERDURE_PERSISTENT value {
  char *bytes;
};
PERDURE_PERSISTENT static struct value *newest;
PERDURE_PERSISTENT static char *received; // what was only received, for the next run to look at

PERDURE_ALLOCATES __attribute__((noinline)) static char *buffer(size_t size) { return malloc(size); }

PERDURE_UNRECORDED_INPUT static void receive(int socket, char *to, size_t size) {
  while (size != 0) {
    ssize_t got = recv(socket, to, size, 0);
    if (got <= 0)
      exit(1);
    to += got;
    size -= (size_t)got;
  }
}

static void keep(char *bytes) {
  struct value *value = malloc(sizeof *value);
  value->bytes = bytes;
  newest = value;
}

PERDURE_HANDS_OVER_TO("keep")
PERDURE_TRANSACTION __attribute__((noinline)) static void parse(char *bytes) {
  keep(bytes);
  bytes[kSize - 1] = '!'; // recorded like any other store
}

static void send_all(int socket, char what) {
  static char bytes[kSize];
  memset(bytes, what, sizeof bytes);
  if (write(socket, bytes, sizeof bytes) != sizeof bytes)
    exit(1);
}

PERDURE_TRANSACTION __attribute__((noinline)) static void set_received(char *bytes) {
  received = bytes;
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "fill") == 0) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
      return 1;
    char *first = buffer(kSize), *second = buffer(kSize);
    set_received(second);
    send_all(ends[0], 'v');
    receive(ends[1], first, kSize);
    send_all(ends[0], 'w');
    receive(ends[1], second, kSize);
    parse(first);
    perdure_sync();
    kill(getpid(), SIGKILL);
  }
  size_t same = 0;
  while (same < kSize && newest->bytes[same] == 'v')
    same++;
  printf("value %zu bytes of v, then %c\n", same + 1, newest->bytes[kSize - 1]);
  printf("buffer %s\n", memchr(received, 'w', kSize) ? "known" : "unknown");
  return 0;
}
