// SPDX-License-Identifier: Apache-2.0
//
// Socket output of the program and of the libraries it uses, through the output gate. What each
// function does is its libc namesake's business; see output_gate.h for when bytes leave.
#include "next_symbol.h"
#include "output_gate.h"
#include "runtime.h"
#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

using perdure::OutputGate;

PERDURE_NEXT(write);
PERDURE_NEXT(writev);
PERDURE_NEXT(send);
PERDURE_NEXT(sendto);
PERDURE_NEXT(sendmsg);
PERDURE_NEXT(sendfile);
PERDURE_NEXT(splice);
PERDURE_NEXT(close);
PERDURE_NEXT(close_range);
PERDURE_NEXT(closefrom);
PERDURE_NEXT(shutdown);
PERDURE_NEXT(dup2);
PERDURE_NEXT(dup3);
PERDURE_NEXT(_exit);

namespace {

msghdr message_of(iovec *parts, size_t count) {
  msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = count;
  return message;
}

bool wait_until_clear(int fd) {
  const int saved = errno, error = OutputGate::instance().wait_until_clear(fd);
  errno = error != 0 ? error : saved;
  return error == 0;
}

} // namespace

extern "C" {

PERDURE_EXPORT ssize_t write(int fd, const void *buffer, size_t size) {
  iovec part = {const_cast<void *>(buffer), size};
  ssize_t result;
  if (OutputGate::instance().send(fd, message_of(&part, 1), 0, result))
    return result;
  return next_write(fd, buffer, size);
}

PERDURE_EXPORT ssize_t writev(int fd, const iovec *parts, int count) {
  ssize_t result;
  if (count > 0 &&
      OutputGate::instance().send(
          fd, message_of(const_cast<iovec *>(parts), static_cast<size_t>(count)), 0, result))
    return result;
  return next_writev(fd, parts, count);
}

PERDURE_EXPORT ssize_t send(int fd, const void *buffer, size_t size, int flags) {
  iovec part = {const_cast<void *>(buffer), size};
  ssize_t result;
  if (OutputGate::instance().send(fd, message_of(&part, 1), flags, result))
    return result;
  return next_send(fd, buffer, size, flags);
}

PERDURE_EXPORT ssize_t sendto(int fd, const void *buffer, size_t size, int flags,
                              const sockaddr *address, socklen_t address_size) {
  iovec part = {const_cast<void *>(buffer), size};
  msghdr message = message_of(&part, 1);
  message.msg_name = const_cast<sockaddr *>(address);
  message.msg_namelen = address_size;
  ssize_t result;
  if (OutputGate::instance().send(fd, message, flags, result))
    return result;
  return next_sendto(fd, buffer, size, flags, address, address_size);
}

PERDURE_EXPORT ssize_t sendmsg(int fd, const msghdr *message, int flags) {
  ssize_t result;
  if (OutputGate::instance().send(fd, *message, flags, result))
    return result;
  return next_sendmsg(fd, message, flags);
}

PERDURE_EXPORT int sendmmsg(int fd, mmsghdr *messages, unsigned count, int flags) {
  for (unsigned i = 0; i < count; i++) {
    ssize_t sent = sendmsg(fd, &messages[i].msg_hdr, flags);
    if (sent < 0)
      return i == 0 ? -1 : static_cast<int>(i);
    messages[i].msg_len = static_cast<unsigned>(sent);
  }
  return static_cast<int>(count);
}

PERDURE_EXPORT ssize_t sendfile(int out, int in, off_t *offset, size_t count) noexcept {
  return wait_until_clear(out) ? next_sendfile(out, in, offset, count) : -1;
}

// What sendfile() is called with 64-bit file offsets.
PERDURE_EXPORT ssize_t sendfile64(int out, int in, off64_t *offset, size_t count) noexcept {
  return sendfile(out, in, offset, count);
}

PERDURE_EXPORT ssize_t splice(int in, off64_t *in_offset, int out, off64_t *out_offset,
                              size_t count, unsigned flags) {
  return wait_until_clear(out) ? next_splice(in, in_offset, out, out_offset, count, flags) : -1;
}

PERDURE_EXPORT int vdprintf(int fd, const char *format, va_list arguments) {
  char *text = nullptr;
  const int size = vasprintf(&text, format, arguments);
  ssize_t written = 0;
  for (ssize_t part = 0; written < size; written += part)
    if ((part = write(fd, text + written, static_cast<size_t>(size - written))) < 0)
      break;
  std::free(text);
  return size < 0 || written < size ? -1 : size;
}

PERDURE_EXPORT int dprintf(int fd, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int result = vdprintf(fd, format, arguments);
  va_end(arguments);
  return result;
}

// What dprintf() is called in code compiled with _FORTIFY_SOURCE.
PERDURE_EXPORT int __vdprintf_chk(int fd, int, const char *format, va_list arguments) {
  return vdprintf(fd, format, arguments);
}

PERDURE_EXPORT int __dprintf_chk(int fd, int, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int result = vdprintf(fd, format, arguments);
  va_end(arguments);
  return result;
}

PERDURE_EXPORT int close_range(unsigned first, unsigned last, int flags) noexcept {
  if (!(flags & CLOSE_RANGE_CLOEXEC))
    OutputGate::instance().before_close_range(first, last);
  return next_close_range(first, last, flags);
}

PERDURE_EXPORT void closefrom(int first) noexcept {
  OutputGate::instance().before_close_range(static_cast<unsigned>(std::max(first, 0)), ~0u);
  next_closefrom(first);
}

PERDURE_EXPORT int close(int fd) {
  OutputGate::instance().before_close(fd);
  return next_close(fd);
}

PERDURE_EXPORT int shutdown(int fd, int how) noexcept {
  return OutputGate::instance().shut_down(fd, how) ? 0 : next_shutdown(fd, how);
}

// Both descriptors of a duplicated socket must keep one order, and NEW is closed by the call.
PERDURE_EXPORT int dup2(int old_fd, int new_fd) noexcept {
  if (old_fd != new_fd)
    OutputGate::instance().before_close(new_fd);
  return next_dup2(old_fd, new_fd);
}

PERDURE_EXPORT int dup3(int old_fd, int new_fd, int flags) noexcept {
  OutputGate::instance().before_close(new_fd);
  return next_dup3(old_fd, new_fd, flags);
}

// What was "written" before _exit() must arrive, as the kernel would see to. No last cut: the
// caller may be in the middle of anything.
PERDURE_EXPORT void _exit(int status) {
  OutputGate::instance().stop();
  next__exit(status);
  __builtin_unreachable();
}

PERDURE_EXPORT void _Exit(int status) { _exit(status); }

} // extern "C"
