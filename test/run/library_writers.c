// SPDX-License-Identifier: Apache-2.0
//
// Intent: what libc functions write into pool memory is recorded with its true length.
// RUN: %check-matrix %s
// RUN: env LEVELS=-O2 %check-matrix %s -D_FORTIFY_SOURCE=2
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <iconv.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

static volatile int four = 4;

static int descending(const void *a, const void *b) { return *(const int *)b - *(const int *)a; }

static void strings(char *p) {
  strcpy(p, "abc");
  strcat(p, four > 3 ? "defghi" : "");
  strncpy(p + 20, "xy", 10);
  strncat(p, "123456", four);
  stpcpy(p + 40, "stp");
  memccpy(p + 50, "ab,cd", ',', 5);
  mempcpy(p + 60, "mempcpy", four);
  bcopy("bcopy", p + 70, four);
  bzero(p + 80, four);
  sprintf(p + 90, "%d-%s", four, "s");
  snprintf(p + 110, 8, "%s", "longer than eight");
  char *save;
  strcpy(p + 120, "a,b,c");
  strtok_r(p + 120, ",", &save);
  strtok(strcpy(p + 130, "k=v"), "=");
  char **cursor = (char **)(p + 144);
  *cursor = strcpy(p + 160, "one two");
  strsep(cursor, " ");
  strtol("12x", (char **)(p + 152), 10);
  wcscpy((wchar_t *)(p + 400), L"wide");
  wmemset((wchar_t *)(p + 440), L'w', four);
}

static void input(char *p) {
  int ends[2];
  if (pipe((int *)(p + 0)) || pipe(ends))
    abort();
  write(ends[1], "0123456789line\nnext\nrest", 24);
  read(ends[0], p + 8, 10);
  FILE *stream = fdopen(ends[0], "r");
  fgets(p + 32, 16, stream);
  close(ends[1]);
  fread(p + 64, 1, 32, stream);
  *(char **)(p + 96) = NULL;
  fclose(stream);
  stream = fmemopen("hello world\n", 12, "r");
  getline((char **)(p + 96), (size_t *)(p + 104), stream);
  fclose(stream);
  sscanf("17 word", "%d %s", (int *)(p + 112), p + 120);
  int pair[2];
  socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
  send(pair[0], "message", 7, 0);
  recv(pair[1], p + 140, 20, 0);
  send(pair[0], "scattered", 9, 0);
  struct iovec parts[2] = {{p + 160, 4}, {p + 170, 9}};
  readv(pair[1], parts, 2);
  send(pair[0], "recvmsg!", 8, 0);
  struct msghdr *header = (struct msghdr *)(p + 256);
  *header = (struct msghdr){.msg_iov = parts, .msg_iovlen = 2};
  recvmsg(pair[1], header, 0);
  struct pollfd *polled = (struct pollfd *)(p + 320);
  *polled = (struct pollfd){pair[0], POLLOUT, 0};
  poll(polled, 1, 0);
  fd_set *set = (fd_set *)(p + 512);
  FD_ZERO(set);
  FD_SET(pair[0], set);
  FD_SET(pair[1], set);
  struct timeval none = {0, 0};
  select(pair[1] + 1, set, NULL, NULL, &none);
  int epoll = epoll_create1(0);
  struct epoll_event event = {EPOLLOUT, {.u64 = 5}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &event);
  epoll_wait(epoll, (struct epoll_event *)(p + 640), 2, 0);
  socklen_t *length = (socklen_t *)(p + 700);
  *length = 64;
  getsockname(pair[0], (struct sockaddr *)(p + 704), length);
}

static void others(char *p) {
  time((time_t *)p);
  time_t now = 1000000;
  localtime_r(&now, (struct tm *)(p + 8));
  strftime(p + 64, 30, "%Y-%m-%d", (struct tm *)(p + 8));
  gettimeofday((struct timeval *)(p + 96), NULL);
  clock_gettime(CLOCK_MONOTONIC, (struct timespec *)(p + 112));
  stat("/", (struct stat *)(p + 128));
  int fd = open("/dev/null", O_RDONLY);
  fstat(fd, (struct stat *)(p + 272));
  pthread_mutex_init((pthread_mutex_t *)(p + 416), NULL);
  pthread_cond_init((pthread_cond_t *)(p + 456), NULL);
  pthread_rwlock_init((pthread_rwlock_t *)(p + 512), NULL);
  getrandom(p + 568, 16, 0);
  inet_pton(AF_INET, "127.0.0.1", p + 584);
  inet_ntop(AF_INET, p + 584, p + 600, 32);
  frexp(four * 1.5, (int *)(p + 640));
  modf(four * 1.25, (double *)(p + 648));
  realpath("/", p + 8192);
  getcwd(p + 8192 + PATH_MAX, PATH_MAX);
  gethostname(p + 656, 32);
  char *in = "text", **out = (char **)(p + 700);
  size_t in_left = 4, *out_left = (size_t *)(p + 708);
  *out = p + 720;
  *out_left = 4;
  iconv_t converter = iconv_open("UTF-8", "ASCII");
  iconv(converter, &in, &in_left, out, out_left);
  iconv_close(converter);
  sincos(four, (double *)(p + 736), (double *)(p + 744));
}

int main(void) {
  char *p = malloc(1024), *q = malloc(1024), *r = malloc(8192 + 2 * PATH_MAX);
  int *numbers = calloc(20, sizeof *numbers);
  strings(p);
  input(q);
  others(r);
  for (int i = 0; i < 20; ++i)
    numbers[i] = i * 7 % 20;
  qsort(numbers, 20, sizeof *numbers, descending);
  char *copy = strdup("duplicate"), *text;
  copy[0] = 'D';
  if (asprintf(&text, "%s", copy) < 0 || posix_memalign((void **)(p + 1000), 64, 64))
    return 1;
  text[0] = 'E';
  numbers = realloc(numbers, 400);
  numbers[99] = 1;
  return numbers[0] == 19 ? 0 : 1;
}
