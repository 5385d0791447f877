// SPDX-License-Identifier: Apache-2.0
//
// The output gate's thread: sends what is held, in order, once it is durable and the peer takes it;
// drops it if the pool has failed. See output_gate.h.
#include "epochs.h"
#include "output_gate.h"
#include <cerrno>
#include <csignal>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace perdure {
namespace {

constexpr size_t kBatch = 64; // messages joined in one send

// The interposed functions would gate their own output; the gate talks to the kernel.
ssize_t send_now(int fd, const msghdr &message) {
  return syscall(SYS_sendmsg, fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

} // namespace

// Sends what may leave of the front of the queue with one call. Returns as sendmsg() does.
ssize_t OutputGate::send_front(Connection &connection, uint64_t durable) {
  Message &front = connection.held.front();
  if (front.shut_down >= 0) {
    syscall(SYS_shutdown, connection.fd, front.shut_down);
    return 1;
  }
  const bool stream = connection.type == SOCK_STREAM;
  iovec parts[kBatch];
  msghdr header = {};
  header.msg_iov = parts;
  for (Message &message : connection.held) {
    if (message.ticket > durable || message.shut_down >= 0 ||
        header.msg_iovlen == (stream ? kBatch : 1))
      break;
    parts[header.msg_iovlen++] = {message.bytes.data() + message.sent, message.left()};
  }
  if (!stream && !front.address.empty()) {
    header.msg_name = front.address.data();
    header.msg_namelen = static_cast<socklen_t>(front.address.size());
  }
  return send_now(connection.fd, header);
}

void OutputGate::forget_sent(Connection &connection, size_t size) {
  auto &held = connection.held;
  if (connection.held_bytes == size)
    set_engaged(connection.fd, false);
  connection.held_bytes -= size;
  while (!held.empty() && size >= held.front().left()) {
    size -= held.front().left();
    held.pop_front();
    if (size == 0)
      return;
  }
  if (size != 0)
    held.front().sent += size;
}

void OutputGate::release(Connection &connection, uint64_t durable) {
  auto &held = connection.held;
  while (!held.empty() && held.front().ticket <= durable && !connection.blocked) {
    const ssize_t sent = send_front(connection, durable);
    if (sent < 0 && errno == EINTR)
      continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      connection.blocked = true;
      epoll_event event = {EPOLLOUT | EPOLLONESHOT, {.fd = connection.fd}};
      if (epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd, &event) != 0)
        epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
      break;
    }
    if (sent < 0 && connection.type == SOCK_STREAM) {
      drop(connection, errno);
      return;
    }
    // A datagram that could not be sent is lost, as it may be on any network.
    forget_sent(connection, sent < 0 ? held.front().left() : static_cast<size_t>(sent));
  }
  if (connection.held_bytes < kHeldMax / 2 || connection.blocked)
    connection.drained.notify_all();
}

void OutputGate::drop(Connection &connection, int error) {
  connection.held.clear();
  connection.held_bytes = 0;
  connection.error = error;
  if (error == EIO) // the pool failed: the peer must not wait for an acknowledgement
    syscall(SYS_shutdown, connection.fd, SHUT_RDWR);
  connection.drained.notify_all();
}

bool OutputGate::release_pending() {
  bool more = false;
  Epochs &epochs = Epochs::instance();
  ConnectionPtr connection;
  {
    std::lock_guard lock(mutex_);
    connection = std::move(pending_);
    pending_count_.store(0, std::memory_order_relaxed);
  }
  while (connection) {
    {
      std::lock_guard lock(connection->mutex);
      release(*connection, epochs.durable());
      if (epochs.failed() && !connection->held.empty() && !connection->blocked)
        drop(*connection, EIO);
    }
    std::lock_guard lock(mutex_);
    ConnectionPtr next = std::move(connection->next_pending);
    {
      std::lock_guard inner(connection->mutex);
      if (!connection->held.empty()) {
        push_pending(connection);
        // Who filled it again meanwhile saw that it is listed, and woke nobody.
        more |= connection->held.front().ticket <= epochs.durable() && !connection->blocked;
      } else {
        connection->pending = false;
        if (connection->owned)
          syscall(SYS_close, connection->fd);
        connection->owned = false;
      }
    }
    // Not before its mutex is released: this may be the last that knows a closed connection.
    connection = std::move(next);
  }
  return more;
}

void OutputGate::unblock(int fd) {
  std::lock_guard lock(mutex_);
  for (Connection *connection = pending_.get(); connection;
       connection = connection->next_pending.get()) {
    std::lock_guard inner(connection->mutex);
    if (connection->fd == fd)
      connection->blocked = false;
  }
}

void OutputGate::run() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  pthread_setname_np(pthread_self(), "perdure-gate");
  epoll_event events[64];
  while (!stopping_.load(std::memory_order_acquire)) {
    int count = epoll_wait(epoll_, events, 64, -1);
    for (int i = 0; i < count; i++) {
      if (events[i].data.fd != wake_) {
        unblock(events[i].data.fd);
        continue;
      }
      uint64_t ignored;
      (void)!syscall(SYS_read, wake_, &ignored, sizeof ignored);
    }
    while (release_pending())
      ;
  }
}

} // namespace perdure
