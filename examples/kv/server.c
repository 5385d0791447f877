// SPDX-License-Identifier: Apache-2.0
//
// The server: the main thread accepts and deals connections out to worker threads, each with its
// own epoll loop; one more thread expires items. Runs until it is killed.
#include "protocol.h"
#include "store.h"
#include "table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  READ_SIZE = 64 << 10,
  OUT_LIMIT = 1 << 20, // a client that doesn't read its replies isn't read from either
  EVENTS_PER_WAIT = 64,
  THREADS_MAX = 64,
  EXPIRE_PAUSE_US = 10000
};

struct connection {
  int fd;
  int epoll;
  uint32_t events; // what epoll watches now
  bool closing;    // close when `out` is sent
  struct buffer in, out;
};

static void connection_close(struct connection *connection) {
  close(connection->fd);
  free(connection->in.data);
  free(connection->out.data);
  free(connection);
}

// Reads what there is, up to READ_SIZE. False at the end of the stream.
static bool connection_read(struct connection *connection) {
  struct buffer *in = &connection->in;
  if (!buffer_reserve(in, READ_SIZE))
    return false;
  ssize_t size = recv(connection->fd, in->data + in->end, READ_SIZE, 0);
  if (size > 0)
    in->end += (size_t)size;
  return size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR));
}

static bool connection_write(struct connection *connection) {
  struct buffer *out = &connection->out;
  while (buffer_size(out) > 0) {
    ssize_t size = send(connection->fd, out->data + out->start, buffer_size(out), MSG_NOSIGNAL);
    if (size < 0)
      return errno == EAGAIN || errno == EINTR;
    out->start += (size_t)size;
  }
  return true;
}

static void connection_watch(struct connection *connection) {
  uint32_t events = 0;
  if (!connection->closing && buffer_size(&connection->out) <= OUT_LIMIT)
    events |= EPOLLIN;
  if (buffer_size(&connection->out) > 0)
    events |= EPOLLOUT;
  if (events == connection->events)
    return;
  struct epoll_event event = {.events = events, .data.ptr = connection};
  epoll_ctl(connection->epoll, EPOLL_CTL_MOD, connection->fd, &event);
  connection->events = events;
}

static void connection_serve(struct connection *connection, uint32_t ready) {
  bool alive = !(ready & EPOLLERR);
  if (alive && (ready & (EPOLLIN | EPOLLHUP)) && (connection->events & EPOLLIN))
    alive = connection_read(connection);
  // Requests may be waiting in `in` because `out` was full, so it runs after a write as well.
  do {
    if (alive && !connection->closing)
      connection->closing = !protocol_run(&connection->in, &connection->out, OUT_LIMIT);
    size_t unsent = buffer_size(&connection->out);
    alive = alive && connection_write(connection);
    if (unsent <= OUT_LIMIT)
      break;
  } while (alive && buffer_size(&connection->out) == 0);
  if (!alive || (connection->closing && buffer_size(&connection->out) == 0))
    connection_close(connection);
  else
    connection_watch(connection);
}

static void *worker(void *epoll) {
  struct epoll_event events[EVENTS_PER_WAIT];
  for (;;) {
    int count = epoll_wait((int)(intptr_t)epoll, events, EVENTS_PER_WAIT, -1);
    for (int i = 0; i < count; i++)
      connection_serve(events[i].data.ptr, events[i].events);
  }
  return NULL;
}

static void *expirer(void *unused) {
  for (unsigned shard = 0;; shard = (shard + 1) % SHARD_COUNT) {
    store_expire_shard(shard);
    usleep(EXPIRE_PAUSE_US);
  }
  return unused;
}

static void fail(const char *what) {
  fprintf(stderr, "kv: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void start_thread(void *(*function)(void *), void *argument) {
  pthread_t thread;
  errno = pthread_create(&thread, NULL, function, argument);
  if (errno != 0)
    fail("cannot start a thread");
  pthread_detach(thread);
}

static int listen_on(unsigned port) {
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, SOMAXCONN) != 0)
    fail("cannot listen");
  getsockname(fd, (struct sockaddr *)&address, &size);
  printf("listening on 127.0.0.1:%u\n", ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

static void accept_connections(int listener, const int *epolls, unsigned threads) {
  for (unsigned next = 0;; next = (next + 1) % threads) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct connection *connection = fd < 0 ? NULL : calloc(1, sizeof *connection);
    if (!connection) { // out of descriptors or memory: others may give some back
      if (fd >= 0)
        close(fd);
      usleep(EXPIRE_PAUSE_US);
      continue;
    }
    *connection = (struct connection){.fd = fd, .epoll = epolls[next], .events = EPOLLIN};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (epoll_ctl(epolls[next], EPOLL_CTL_ADD, fd, &event) != 0)
      connection_close(connection);
  }
}

static unsigned option(const char *text, unsigned least, unsigned most) {
  char *end;
  unsigned long value = strtoul(text, &end, 10);
  if (*text < '0' || *text > '9' || *end || value < least || value > most) {
    fprintf(stderr, "kv: %s is not a number from %u to %u\n", text, least, most);
    exit(2);
  }
  return (unsigned)value;
}

int main(int argc, char **argv) {
  unsigned port = 11300, threads = 4, memory_mb = 1024;
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 < argc && strcmp(argv[i], "--port") == 0)
      port = option(argv[i + 1], 0, 65535);
    else if (i + 1 < argc && strcmp(argv[i], "--threads") == 0)
      threads = option(argv[i + 1], 1, THREADS_MAX);
    else if (i + 1 < argc && strcmp(argv[i], "--memory-mb") == 0)
      memory_mb = option(argv[i + 1], 1, 1 << 20);
    else {
      fprintf(stderr, "usage: kv [--port N] [--threads N] [--memory-mb N]    (--port 0: any)\n");
      return 2;
    }
  }
  store_init((size_t)memory_mb << 20);
  int epolls[THREADS_MAX];
  for (unsigned i = 0; i < threads; i++) {
    epolls[i] = epoll_create1(EPOLL_CLOEXEC);
    if (epolls[i] < 0)
      fail("cannot create an epoll instance");
    start_thread(worker, (void *)(intptr_t)epolls[i]);
  }
  start_thread(expirer, NULL);
  accept_connections(listen_on(port), epolls, threads);
}
