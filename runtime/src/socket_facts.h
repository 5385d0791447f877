// SPDX-License-Identifier: Apache-2.0
//
// What the output gate asks about a descriptor and about its caller.
#pragma once

#include "mutator.h"
#include <cerrno>
#include <fcntl.h>
#include <sys/socket.h>

namespace perdure {

inline bool is_nonblocking(int fd, int flags) {
  return (flags & MSG_DONTWAIT) || (fcntl(fd, F_GETFL) & O_NONBLOCK);
}

inline bool inside_unit() {
  Mutator *mutator = Mutator::current_or_null();
  return mutator && mutator->in_open_unit();
}

inline int socket_type(int fd) {
  int saved = errno, type = 0;
  socklen_t size = sizeof type;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0)
    type = 0;
  errno = saved;
  return type;
}

} // namespace perdure
