// SPDX-License-Identifier: Apache-2.0
//
// Intent: a stdio stream on a socket is a stream like any other, with and without a pool: both ways, by
// line or whole, larger than its buffer, with its descriptor, until it is closed. That its output passes
// the gate is shown by failed_pool.c.
// RUN: rm -rf %t && mkdir -p %t
// RUN: %perdure-cc -O2 -Wall -Werror -pthread %s -o %t/test
// RUN: %t/test && env PERDURE_POOL=%t/a %t/test && env PERDURE_POOL=%t/b,emulate_pmem %t/test
#include <errno.h>
#include <fcntl.h>
#include <perdure/annotations.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define EXPECT(condition)                                                                          \
  do                                                                                               \
    if (!(condition))                                                                              \
      return printf("line %d: %s\n", __LINE__, #condition), 1;                                     \
  while (0)

enum { kLarge = 3 << 20 };
PERDURE_PERSISTENT long calls;
PERDURE_TRANSACTION __attribute__((noinline)) static void count(void) { calls++; }

static void *drain(void *end) {
  static char buffer[1 << 16];
  size_t all = 0;
  for (ssize_t got; (got = read(*(int *)end, buffer, sizeof buffer)) > 0; all += (size_t)got)
    ;
  return (void *)all;
}

int main(void) {
  int ends[2], second[2];
  EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  FILE *out = fdopen(ends[0], "r+"), *in = fdopen(ends[1], "r");
  EXPECT(out && in && fileno(out) == ends[0] && fileno(in) == ends[1] && fileno(stdout) == 1);
  char line[64];
  for (int i = 0; i < 100; i++) {
    count();
    fprintf(out, "call %d\n", i);
    EXPECT(fflush(out) == 0 && fgets(line, sizeof line, in) && atoi(line + 5) == i);
  }
  setvbuf(out, NULL, _IOLBF, BUFSIZ);
  count();
  EXPECT(fputs("by line\n", out) >= 0 && fgets(line, sizeof line, in) &&
         strcmp(line, "by line\n") == 0);
  EXPECT(fseek(out, 0, SEEK_SET) == -1 && errno == ESPIPE);
  EXPECT(write(ends[1], "an answer\n", 10) == 10 && fgets(line, sizeof line, out) &&
         strcmp(line, "an answer\n") == 0);
  EXPECT(fclose(out) == 0 && fcntl(ends[0], F_GETFD) == -1 && fgetc(in) == EOF && fclose(in) == 0);

  EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, second) == 0);
  FILE *large = fdopen(second[0], "w");
  pthread_t reader;
  char *bytes = calloc(1, kLarge);
  void *read_bytes;
  EXPECT(large && pthread_create(&reader, NULL, drain, &second[1]) == 0);
  count();
  EXPECT(fwrite(bytes, 1, kLarge, large) == kLarge && fclose(large) == 0);
  pthread_join(reader, &read_bytes);
  EXPECT((size_t)read_bytes == kLarge);
  FILE *none = fdopen(second[0], "w");
  EXPECT(!none && errno == EBADF);
  return 0;
}
