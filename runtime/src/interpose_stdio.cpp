// SPDX-License-Identifier: Apache-2.0
//
// Streams on sockets (fdopen). libc's stdio writes by calls of its own that nothing can stand in
// for, past the output gate; so such a stream is made of functions (fopencookie), which call
// write(), read() and close() like any program. fileno() knows the descriptors of these streams.
#include "next_symbol.h"
#include "runtime.h"
#include "socket_facts.h"
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <new>
#include <pthread.h>
#include <unistd.h>

PERDURE_NEXT(fdopen);
PERDURE_NEXT(fileno);
PERDURE_NEXT(fileno_unlocked);

namespace {

struct SocketStream {
  int fd;
  FILE *stream = nullptr;
  SocketStream *next = nullptr;
};

std::mutex mutex;
SocketStream *streams; // a list: few, and seldom asked for

ssize_t read_socket(void *cookie, char *buffer, size_t size) {
  return read(static_cast<SocketStream *>(cookie)->fd, buffer, size);
}

// All of it, as stdio does; 0 if nothing could be written.
ssize_t write_socket(void *cookie, const char *buffer, size_t size) {
  size_t done = 0;
  while (done < size) {
    const ssize_t part = write(static_cast<SocketStream *>(cookie)->fd, buffer + done, size - done);
    if (part <= 0)
      break;
    done += static_cast<size_t>(part);
  }
  return static_cast<ssize_t>(done);
}

int seek_socket(void *, off64_t *, int) {
  errno = ESPIPE;
  return -1;
}

int close_socket(void *cookie) {
  auto *closed = static_cast<SocketStream *>(cookie);
  {
    std::lock_guard lock(mutex);
    for (SocketStream **at = &streams; *at; at = &(*at)->next)
      if (*at == closed) {
        *at = closed->next;
        break;
      }
  }
  const int result = close(closed->fd);
  const int error = errno;
  delete closed;
  errno = error;
  return result;
}

FILE *open_socket(int fd, const char *mode) {
  [[maybe_unused]] static const int once =
      pthread_atfork([] { mutex.lock(); }, [] { mutex.unlock(); }, [] { mutex.unlock(); });
  auto *made = new (std::nothrow) SocketStream{fd};
  if (!made) {
    errno = ENOMEM;
    return nullptr;
  }
  made->stream = fopencookie(made, mode, {read_socket, write_socket, seek_socket, close_socket});
  if (!made->stream) {
    delete made;
    return nullptr;
  }
  std::lock_guard lock(mutex);
  made->next = streams;
  streams = made;
  return made->stream;
}

// -1: STREAM is none of ours.
int descriptor_of(const FILE *stream) {
  std::lock_guard lock(mutex);
  for (const SocketStream *at = streams; at; at = at->next)
    if (at->stream == stream)
      return at->fd;
  return -1;
}

} // namespace

extern "C" {

PERDURE_EXPORT FILE *fdopen(int fd, const char *mode) noexcept {
  const bool writes = std::strpbrk(mode, "wa+") != nullptr;
  return writes && perdure::socket_type(fd) != 0 ? open_socket(fd, mode) : next_fdopen(fd, mode);
}

PERDURE_EXPORT int fileno(FILE *stream) noexcept {
  const int fd = descriptor_of(stream);
  return fd >= 0 ? fd : next_fileno(stream);
}

PERDURE_EXPORT int fileno_unlocked(FILE *stream) noexcept {
  const int fd = descriptor_of(stream);
  return fd >= 0 ? fd : next_fileno_unlocked(stream);
}

} // extern "C"
