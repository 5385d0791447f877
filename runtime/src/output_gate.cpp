// SPDX-License-Identifier: Apache-2.0
#include "output_gate.h"
#include "epochs.h"
#include "mutator.h"
#include "persist.h"
#include "uninterrupted.h"
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <new>
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

Status OutputGate::start() {
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  wake_ = epoll_ < 0 ? -1 : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  epoll_event event = {EPOLLIN, {.fd = wake_}};
  int error = 0;
  if (wake_ < 0 || epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) != 0)
    error = errno;
  process_ = getpid();
  stopping_ = false;
  running_ = true;
  try {
    if (error == 0)
      thread_ = std::thread([this] { run(); });
  } catch (const std::system_error &) {
    error = EAGAIN;
  }
  if (error == 0)
    return Status::ok();
  running_ = false;
  close_descriptors();
  return system_error("start", "the output gate's thread", error);
}

void OutputGate::close_descriptors() {
  for (int *fd : {&epoll_, &wake_}) {
    if (*fd >= 0)
      syscall(SYS_close, *fd);
    *fd = -1;
  }
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
  Uninterrupted thread;
  std::lock_guard lock(mutex_);
  auto found = connections_.find(fd);
  return found == connections_.end() ? nullptr : found->second;
}

OutputGate::ConnectionPtr OutputGate::find_or_add(int fd, int type) {
  Uninterrupted thread;
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
  if ((!running_.load(std::memory_order_relaxed) && !epochs.stopped()) || !epochs.synchronous())
    return false;
  if (epochs.ticket_to_wait_for() == 0 && connection_count_.load(std::memory_order_acquire) == 0)
    return false;
  try {
    return try_send(fd, message, flags, result);
  } catch (const std::bad_alloc &) {
    errno = ENOMEM; // nothing of the message was taken
    result = -1;
    return true;
  }
}

bool OutputGate::try_send(int fd, const msghdr &message, int flags, ssize_t &result) {
  Epochs &epochs = Epochs::instance();
  bool stopped = epochs.stopped(); // then nothing will be durable that is not
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
    errno = wait_until_clear(fd, flags);
    result = -1;
    return errno != 0;
  }
  result = hold(connection, message, flags, ticket);
  return true;
}

ssize_t OutputGate::hold(const ConnectionPtr &connection, const msghdr &message, int flags,
                         uint64_t ticket) {
  Message made{ticket, {}, {}};
  for (size_t i = 0; i < message.msg_iovlen; i++) {
    auto *bytes = static_cast<const char *>(message.msg_iov[i].iov_base);
    made.bytes.insert(made.bytes.end(), bytes, bytes + message.msg_iov[i].iov_len);
  }
  if (message.msg_name) {
    auto *address = static_cast<const char *>(message.msg_name);
    made.address.assign(address, address + message.msg_namelen);
  }
  const size_t size = made.bytes.size();
  bool broken_pipe = false;
  while (true) {
    Uninterrupted thread;
    std::unique_lock lock(connection->mutex);
    const Room room = make_room(*connection, lock, flags);
    if (room == Room::kWait)
      continue;
    broken_pipe = connection->ended;
    if (room == Room::kNone || connection->error != 0 || broken_pipe) {
      errno = broken_pipe ? EPIPE : connection->error != 0 ? connection->error : EAGAIN;
      break;
    }
    auto &held = connection->held;
    if (connection->type == SOCK_STREAM && !held.empty() && held.back().ticket >= ticket)
      held.back().bytes.insert(held.back().bytes.end(), made.bytes.begin(), made.bytes.end());
    else
      held.push_back(std::move(made));
    connection->held_bytes += size;
    lock.unlock();
    list(connection, ticket);
    return static_cast<ssize_t>(size);
  }
  if (broken_pipe && !(flags & MSG_NOSIGNAL))
    raise(SIGPIPE);
  return -1;
}

void OutputGate::push_pending(ConnectionPtr connection) {
  connection->next_pending = std::move(pending_);
  pending_ = std::move(connection);
}

// CONNECTION has something to send once TICKET is durable.
void OutputGate::list(const ConnectionPtr &connection, uint64_t ticket) {
  bool listed;
  {
    std::lock_guard lock(mutex_);
    listed = connection->pending;
    if (!listed)
      push_pending(connection);
    connection->pending = true;
  }
  if (ticket > Epochs::instance().durable())
    Epochs::instance().demand(ticket);
  else if (!listed)
    notify(); // became durable meanwhile: nobody else will
}

// REQUIRES: connection.mutex. kWait: a while has passed; ask again.
OutputGate::Room OutputGate::make_room(Connection &connection, std::unique_lock<std::mutex> &lock,
                                       int flags) {
  if (connection.held_bytes < kHeldMax || connection.error != 0 || inside_unit() ||
      !running_.load(std::memory_order_relaxed))
    return Room::kThere;
  // As the kernel would say: the descriptor turns writable when the peer reads.
  if (connection.blocked && is_nonblocking(connection.fd, flags))
    return Room::kNone;
  connection.drained.wait_for(lock, kSignalDelayMax);
  return Room::kWait;
}

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
  notify();
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

// --- The gate's thread ---

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

void OutputGate::release_pending() {
  Epochs &epochs = Epochs::instance();
  ConnectionPtr connection;
  {
    std::lock_guard lock(mutex_);
    connection = std::move(pending_);
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
    std::lock_guard inner(connection->mutex);
    if (!connection->held.empty()) { // or filled again meanwhile
      push_pending(connection);
    } else {
      connection->pending = false;
      if (connection->owned)
        syscall(SYS_close, connection->fd);
      connection->owned = false;
    }
    connection = std::move(next);
  }
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
      for (Connection *connection = pending_.get(); connection;
           connection = connection->next_pending.get()) {
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
    while (pending_)
      pending_ = std::move(pending_->next_pending);
    connection_count_ = 0;
  }
  mutex_.unlock();
}

} // namespace perdure
