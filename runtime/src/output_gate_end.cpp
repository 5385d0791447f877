// SPDX-License-Identifier: Apache-2.0
//
// Where held output ends: before output that cannot be held, before a descriptor is shut down or
// closed, before the process ends, and at fork(). See output_gate.h.
#include "epochs.h"
#include "output_gate.h"
#include "socket_facts.h"
#include "uninterrupted.h"
#include <new>
#include <sys/syscall.h>
#include <unistd.h>

namespace perdure {

int OutputGate::wait_until_clear(int fd, int flags) {
  Epochs &epochs = Epochs::instance();
  if (!running_.load(std::memory_order_relaxed) || !epochs.synchronous() || getpid() != process_)
    return 0;
  if (inside_unit() || socket_type(fd) == 0)
    return 0; // would wait for the caller's own unit; or it is not gated
  if (uint64_t ticket = epochs.ticket_to_wait_for())
    if (!epochs.wait(ticket))
      return EIO;
  ConnectionPtr connection = find(fd);
  while (connection && connection->held_bytes.load() != 0 && running_) {
    Uninterrupted thread;
    std::unique_lock lock(connection->mutex);
    release(*connection, epochs.durable());
    if (connection->error != 0)
      return connection->error;
    if (connection->blocked && is_nonblocking(fd, flags))
      return EAGAIN;
    if (connection->held_bytes != 0)
      connection->drained.wait_for(lock, kSignalDelayMax);
  }
  return 0;
}

bool OutputGate::shut_down(int fd, int how) {
  Epochs &epochs = Epochs::instance();
  sockaddr_storage peer;
  socklen_t peer_size = sizeof peer;
  if (how == SHUT_RD || !running_.load(std::memory_order_relaxed) || !epochs.synchronous() ||
      getpid() != process_ || socket_type(fd) == 0 ||
      getpeername(fd, reinterpret_cast<sockaddr *>(&peer), &peer_size) != 0)
    return false;
  const uint64_t ticket = epochs.ticket_to_wait_for();
  ConnectionPtr connection = find(fd);
  if (ticket == 0 && (!connection || connection->held_bytes.load() == 0))
    return false;
  Uninterrupted thread;
  try {
    if (!connection)
      connection = find_or_add(fd, socket_type(fd));
    std::lock_guard lock(connection->mutex);
    connection->held.push_back({ticket, {}, {}, 0, how});
    connection->held_bytes += 1;
    set_engaged(fd, true);
    connection->ended = true;
  } catch (const std::bad_alloc &) {
    wait_until_clear(fd);
    return false;
  }
  if (how == SHUT_RDWR)
    syscall(SYS_shutdown, fd, SHUT_RD);
  list(connection, ticket);
  return true;
}

void OutputGate::before_close(int fd) {
  if (connection_count_.load(std::memory_order_acquire) == 0 || getpid() != process_)
    return;
  ConnectionPtr connection;
  {
    Uninterrupted thread;
    std::lock_guard lock(mutex_);
    auto found = connections_.find(fd);
    if (found == connections_.end())
      return;
    connection = found->second;
    connections_.erase(found);
    set_engaged(fd, false);
    connection_count_.fetch_sub(1, std::memory_order_release);
  }
  if (connection->held_bytes.load() == 0)
    return;
  Epochs &epochs = Epochs::instance();
  uint64_t last;
  {
    Uninterrupted thread;
    std::lock_guard lock(connection->mutex);
    last = connection->held.empty() ? 0 : connection->held.back().ticket;
  }
  if (last > epochs.durable() && !inside_unit())
    epochs.wait(last);
  Uninterrupted thread;
  std::unique_lock lock(connection->mutex);
  release(*connection, epochs.durable());
  if (connection->held.empty())
    return;
  connection->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  connection->owned = connection->fd >= 0;
  connection->blocked = false; // the event would name the old descriptor
  if (!connection->owned)
    drop(*connection, EMFILE);
  lock.unlock();
  wake();
}

void OutputGate::before_close_range(unsigned first, unsigned last) {
  for (int64_t next = first; next <= last;) {
    int found = -1;
    {
      Uninterrupted thread;
      std::lock_guard lock(mutex_);
      for (const auto &[fd, connection] : connections_)
        if (fd >= next && static_cast<unsigned>(fd) <= last && (found < 0 || fd < found))
          found = fd;
    }
    if (found < 0)
      return;
    before_close(found);
    next = int64_t{found} + 1;
  }
}

void OutputGate::stop() {
  if (!running_ || getpid() != process_)
    return;
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  for (;;) {
    {
      std::lock_guard lock(mutex_);
      bool sendable = false;
      for (Connection *connection = pending_.get(); connection;
           connection = connection->next_pending.get()) {
        std::lock_guard inner(connection->mutex);
        sendable |= !connection->held.empty() &&
                    connection->held.front().ticket <= Epochs::instance().durable();
      }
      if (!sendable || std::chrono::steady_clock::now() > deadline)
        break;
    }
    wake();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  stopping_ = true;
  wake();
  thread_.join();
  running_ = false;
}

void OutputGate::fill_status(PoolStatus &status) {
  std::lock_guard lock(mutex_);
  for (const auto &[fd, connection] : connections_) {
    const size_t bytes = connection->held_bytes.load(std::memory_order_relaxed);
    status.held_bytes += bytes;
    status.held_connections += bytes != 0;
  }
}

void OutputGate::unlock_after_fork(bool child) {
  if (child && running_) {
    // What is held belongs to the parent, which sends it.
    running_ = false;
    thread_.detach();
    for (const auto &[fd, connection] : connections_)
      set_engaged(fd, false);
    connections_.clear();
    while (pending_)
      pending_ = std::move(pending_->next_pending);
    pending_count_ = 0;
    connection_count_ = 0;
  }
  mutex_.unlock();
}

} // namespace perdure
