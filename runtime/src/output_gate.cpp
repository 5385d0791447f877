// SPDX-License-Identifier: Apache-2.0
#include "output_gate.h"
#include "check.h"
#include "epochs.h"
#include "mutator.h"
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace perdure {
namespace {

constexpr size_t kHeldMax = 4 << 20; // bytes per descriptor before writers wait
constexpr int kBatch = 64;           // messages joined in one send

// The interposed functions would gate their own output; the gate talks to the kernel.
ssize_t send_now(int fd, const msghdr &message) {
  return syscall(SYS_sendmsg, fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

size_t total_size(const msghdr &message) {
  size_t size = 0;
  for (size_t i = 0; i < message.msg_iovlen; i++)
    size += message.msg_iov[i].iov_len;
  return size;
}

bool is_nonblocking(int fd, int flags) {
  return (flags & MSG_DONTWAIT) || (fcntl(fd, F_GETFL) & O_NONBLOCK);
}

bool inside_unit() {
  Mutator *mutator = Mutator::current_or_null();
  return mutator && mutator->in_open_unit();
}

int socket_type(int fd) {
  int saved = errno, type = 0;
  socklen_t size = sizeof type;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0)
    type = 0;
  errno = saved;
  return type;
}

} // namespace

OutputGate &OutputGate::instance() {
  static OutputGate &gate = *new OutputGate; // never destroyed: threads may outlive destructors
  return gate;
}

void OutputGate::start() {
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  epoll_event event = {EPOLLIN, {.fd = wake_}};
  PERDURE_CHECK(epoll_ >= 0 && wake_ >= 0 && epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) == 0,
                "no file descriptor left for the output gate");
  process_ = getpid();
  stopping_ = false;
  running_ = true;
  thread_ = std::thread([this] { run(); });
}

void OutputGate::notify() {
  if (!running_.load(std::memory_order_acquire))
    return;
  uint64_t one = 1;
  (void)!syscall(SYS_write, wake_, &one, sizeof one);
}

// --- The writer's side ---

OutputGate::ConnectionPtr OutputGate::find(int fd) {
  if (connection_count_.load(std::memory_order_acquire) == 0)
    return nullptr;
  std::lock_guard lock(mutex_);
  auto found = connections_.find(fd);
  return found == connections_.end() ? nullptr : found->second;
}

OutputGate::ConnectionPtr OutputGate::find_or_add(int fd, int type) {
  std::lock_guard lock(mutex_);
  ConnectionPtr &connection = connections_[fd];
  if (!connection) {
    connection = std::make_shared<Connection>();
    connection->fd = fd;
    connection->type = type;
    connection_count_.fetch_add(1, std::memory_order_release);
  }
  return connection;
}

bool OutputGate::send(int fd, const msghdr &message, int flags, ssize_t &result) {
  Epochs &epochs = Epochs::instance();
  bool stopped = epochs.stopped(); // then nothing will be durable that is not
  if ((!running_.load(std::memory_order_relaxed) && !stopped) || !epochs.synchronous())
    return false;
  uint64_t ticket = epochs.ticket_to_wait_for();
  ConnectionPtr connection = find(fd);
  bool held = connection && (connection->held_bytes.load() != 0 || connection->error != 0);
  if ((ticket == 0 && !held) || getpid() != process_)
    return false;
  if (!connection) {
    int type = socket_type(fd);
    if (type == 0)
      return false;
    connection = find_or_add(fd, type);
  }
  if (ticket != 0 && epochs.waiting_is_cheap() && !inside_unit() &&
      epochs.commit_if_alone(ticket)) {
    ticket = 0;
    if (!held)
      return false;
  }
  if (ticket != 0 && (stopped || epochs.failed())) {
    errno = EIO;
    result = -1;
    return true;
  }
  if (stopped && !running_.load(std::memory_order_relaxed))
    return false;
  bool unsendable = message.msg_controllen != 0 || (flags & MSG_OOB);
  if (unsendable) { // descriptors passed along or urgent data: keeps its own form
    wait_until_clear(fd);
    return false;
  }
  result = hold(connection, message, flags, ticket);
  return true;
}

ssize_t OutputGate::hold(const ConnectionPtr &connection, const msghdr &message, int flags,
                         uint64_t ticket) {
  size_t size = total_size(message);
  {
    std::unique_lock lock(connection->mutex);
    if (connection->error == 0 && !make_room(*connection, lock, flags)) {
      errno = EAGAIN;
      return -1;
    }
    if (connection->error != 0) {
      errno = connection->error;
      return -1;
    }
    auto &held = connection->held;
    bool stream = connection->type == SOCK_STREAM;
    if (!stream || held.empty() || held.back().ticket < ticket)
      held.push_back({ticket, {}, {}, 0});
    Message &last = held.back();
    for (size_t i = 0; i < message.msg_iovlen; i++) {
      auto *bytes = static_cast<const char *>(message.msg_iov[i].iov_base);
      last.bytes.insert(last.bytes.end(), bytes, bytes + message.msg_iov[i].iov_len);
    }
    if (message.msg_name) {
      auto *address = static_cast<const char *>(message.msg_name);
      last.address.assign(address, address + message.msg_namelen);
    }
    connection->held_bytes += size;
  }
  // The gate's thread takes a connection off its list, then locks it and looks what it holds:
  // listed after we unlocked it, it will be looked at once more.
  bool listed = connection->pending;
  if (!listed) {
    std::lock_guard lock(mutex_);
    listed = connection->pending;
    if (!listed)
      pending_.push_back(connection);
    connection->pending = true;
  }
  if (ticket > Epochs::instance().durable())
    Epochs::instance().demand(ticket);
  else if (!listed)
    notify(); // became durable meanwhile: nobody else will
  return static_cast<ssize_t>(size);
}

bool OutputGate::make_room(Connection &connection, std::unique_lock<std::mutex> &lock, int flags) {
  if (connection.held_bytes < kHeldMax || inside_unit())
    return true;
  bool nonblocking = is_nonblocking(connection.fd, flags);
  auto refused = [&] { return nonblocking && connection.blocked; };
  if (!refused())
    connection.drained.wait(lock, [&] {
      return connection.held_bytes < kHeldMax / 2 || connection.error != 0 || refused() ||
             !running_.load(std::memory_order_relaxed);
    });
  // As the kernel would say: the descriptor turns writable when the peer reads.
  return !refused() || connection.held_bytes < kHeldMax;
}

void OutputGate::wait_until_clear(int fd) {
  Epochs &epochs = Epochs::instance();
  if (!running_.load(std::memory_order_relaxed) || !epochs.synchronous() || getpid() != process_)
    return;
  if (inside_unit())
    return; // would wait for the caller's own unit
  if (uint64_t ticket = epochs.ticket_to_wait_for())
    epochs.wait(ticket);
  ConnectionPtr connection = find(fd);
  if (!connection || connection->held_bytes.load() == 0)
    return;
  std::unique_lock lock(connection->mutex);
  connection->drained.wait(lock, [&] { return connection->held_bytes == 0 || !running_; });
}

void OutputGate::before_close(int fd) {
  if (connection_count_.load(std::memory_order_acquire) == 0 || getpid() != process_)
    return;
  ConnectionPtr connection;
  {
    std::lock_guard lock(mutex_);
    auto found = connections_.find(fd);
    if (found == connections_.end())
      return;
    connection = found->second;
    connections_.erase(found);
    connection_count_.fetch_sub(1, std::memory_order_release);
  }
  if (connection->held_bytes.load() == 0)
    return;
  Epochs &epochs = Epochs::instance();
  std::unique_lock lock(connection->mutex);
  uint64_t last = connection->held.empty() ? 0 : connection->held.back().ticket;
  if (last > epochs.durable() && !inside_unit()) {
    lock.unlock();
    epochs.wait(last);
    lock.lock();
  }
  release(*connection, epochs.durable());
  if (connection->held.empty())
    return;
  connection->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  connection->owned = connection->fd >= 0;
  connection->blocked = false; // the event would name the old descriptor
  if (!connection->owned)
    drop(*connection, EMFILE);
  lock.unlock();
  notify();
}

// --- The gate's thread ---

void OutputGate::release(Connection &connection, uint64_t durable) {
  auto &held = connection.held;
  while (!held.empty() && held.front().ticket <= durable && !connection.blocked) {
    iovec parts[kBatch];
    int count = 0;
    bool stream = connection.type == SOCK_STREAM;
    for (Message &message : held) {
      if (message.ticket > durable || count == (stream ? kBatch : 1))
        break;
      parts[count++] = {message.bytes.data() + message.sent, message.bytes.size() - message.sent};
    }
    msghdr header = {};
    header.msg_iov = parts;
    header.msg_iovlen = static_cast<size_t>(count);
    if (!stream && !held.front().address.empty()) {
      header.msg_name = held.front().address.data();
      header.msg_namelen = static_cast<socklen_t>(held.front().address.size());
    }
    ssize_t sent = send_now(connection.fd, header);
    if (sent < 0 && errno == EINTR)
      continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      connection.blocked = true;
      epoll_event event = {EPOLLOUT | EPOLLONESHOT, {.fd = connection.fd}};
      if (epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd, &event) != 0)
        epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
      break;
    }
    if (sent < 0 && stream) {
      drop(connection, errno);
      return;
    }
    // A datagram that could not be sent is lost, as it may be on any network.
    size_t left = sent < 0 ? held.front().bytes.size() : static_cast<size_t>(sent);
    connection.held_bytes -= left;
    while (!held.empty() && left >= held.front().bytes.size() - held.front().sent) {
      left -= held.front().bytes.size() - held.front().sent;
      held.pop_front();
      if (left == 0)
        break;
    }
    if (left != 0)
      held.front().sent += left;
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

void OutputGate::release_pending() {
  std::vector<ConnectionPtr> pending;
  {
    std::lock_guard lock(mutex_);
    pending.swap(pending_);
    for (ConnectionPtr &connection : pending)
      connection->pending = false;
  }
  Epochs &epochs = Epochs::instance();
  for (ConnectionPtr &connection : pending) {
    bool keep;
    {
      std::lock_guard lock(connection->mutex);
      release(*connection, epochs.durable());
      if (epochs.failed() && !connection->held.empty() && !connection->blocked)
        drop(*connection, EIO);
      keep = !connection->held.empty();
      if (!keep && connection->owned) {
        syscall(SYS_close, connection->fd);
        connection->owned = false;
      }
    }
    std::lock_guard lock(mutex_);
    if (keep && !connection->pending) {
      connection->pending = true;
      pending_.push_back(connection);
    }
  }
}

void OutputGate::unblock(int fd) {
  std::lock_guard lock(mutex_);
  for (ConnectionPtr &connection : pending_) {
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
    release_pending();
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
      for (ConnectionPtr &connection : pending_) {
        std::lock_guard inner(connection->mutex);
        sendable |= !connection->held.empty() &&
                    connection->held.front().ticket <= Epochs::instance().durable();
      }
      if (!sendable || std::chrono::steady_clock::now() > deadline)
        break;
    }
    notify();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  stopping_ = true;
  notify();
  thread_.join();
  running_ = false;
}

void OutputGate::unlock_after_fork(bool child) {
  if (child && running_) {
    // What is held belongs to the parent, which sends it.
    running_ = false;
    thread_.detach();
    connections_.clear();
    pending_.clear();
    connection_count_ = 0;
  }
  mutex_.unlock();
}

} // namespace perdure
