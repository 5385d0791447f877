// SPDX-License-Identifier: Apache-2.0
//
// The writer's side of the output gate: what is held and when a writer waits. See output_gate.h;
// the gate's thread is in output_gate_thread.cpp, closing and shutting down in output_gate_end.cpp.
#include "output_gate.h"
#include "epochs.h"
#include "held_signals.h"
#include "mutator.h"
#include "persist.h"
#include "socket_facts.h"
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

// A send costs about as much as it takes to wake a thread.
constexpr uint32_t kFewPending = 2;

} // namespace

OutputGate &OutputGate::instance() {
  // Never destroyed: threads may outlive destructors. Not on the heap: whoever first closes a
  // descriptor makes it, and close() must not run out of memory.
  alignas(OutputGate) static std::byte place[sizeof(OutputGate)];
  static OutputGate &gate = *new (place) OutputGate;
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
  } catch (const std::bad_alloc &) {
    error = ENOMEM;
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

// Who lists a connection counts it before it looks at what is durable; here it is the other way
// round. So one of the two sees the other.
void OutputGate::notify(Sending sending) {
  const uint32_t pending = pending_count_.load(std::memory_order_seq_cst);
  if (!running_.load(std::memory_order_acquire) || pending == 0)
    return;
  const bool may_send =
      sending == Sending::kAll || (sending == Sending::kFew && pending <= kFewPending);
  if (!may_send || release_pending())
    wake();
}

void OutputGate::wake() {
  if (!running_.load(std::memory_order_acquire))
    return;
  uint64_t one = 1;
  (void)!syscall(SYS_write, wake_, &one, sizeof one);
}

// --- The writer's side ---

bool OutputGate::may_be_engaged(int fd) const {
  return connection_count_.load(std::memory_order_acquire) != 0 &&
         (fd < 0 || fd >= kFlaggedMax ||
          engaged_[static_cast<size_t>(fd)].load(std::memory_order_acquire));
}

void OutputGate::set_engaged(int fd, bool engaged) {
  if (fd >= 0 && fd < kFlaggedMax)
    engaged_[static_cast<size_t>(fd)].store(engaged, std::memory_order_release);
}

OutputGate::ConnectionPtr OutputGate::find(int fd) {
  if (connection_count_.load(std::memory_order_acquire) == 0)
    return nullptr;
  HeldSignals thread;
  std::lock_guard lock(mutex_);
  auto found = connections_.find(fd);
  return found == connections_.end() ? nullptr : found->second;
}

OutputGate::ConnectionPtr OutputGate::find_or_add(int fd, int type) {
  HeldSignals thread;
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
  if (epochs.ticket_to_wait_for() == 0 && !may_be_engaged(fd))
    return false;
  try {
    for (;;) {
      switch (attempt(fd, message, flags, result)) {
      case Attempt::kPassed:
        return false;
      case Attempt::kTaken:
        return true;
      case Attempt::kWaited: // signals came through meanwhile
        break;
      case Attempt::kUnsendable:
        errno = wait_until_clear(fd, flags);
        result = -1;
        return errno != 0;
      }
    }
  } catch (const std::bad_alloc &) {
    errno = ENOMEM; // nothing of the message was taken
    result = -1;
    return true;
  }
}

OutputGate::Attempt OutputGate::attempt(int fd, const msghdr &message, int flags, ssize_t &result) {
  HeldSignals thread;
  Epochs &epochs = Epochs::instance();
  bool stopped = epochs.stopped(); // then nothing will be durable that is not
  uint64_t ticket = epochs.ticket_to_wait_for();
  ConnectionPtr connection = find(fd);
  bool held = connection && (connection->held_bytes.load() != 0 || connection->error != 0);
  if ((ticket == 0 && !held) || getpid() != process_)
    return Attempt::kPassed;
  if (!connection) {
    int type = socket_type(fd);
    if (type == 0)
      return Attempt::kPassed;
    connection = find_or_add(fd, type);
  }
  if (ticket != 0 && epochs.waiting_is_cheap() && !inside_unit() &&
      epochs.commit_if_alone(ticket)) {
    ticket = 0;
    if (!held)
      return Attempt::kPassed;
  }
  if (ticket != 0 && (stopped || epochs.failed())) {
    errno = EIO;
    result = -1;
    return Attempt::kTaken;
  }
  if (stopped && !running_.load(std::memory_order_relaxed))
    return Attempt::kPassed;
  // Descriptors passed along or urgent data: keeps its own form.
  if (message.msg_controllen != 0 || (flags & MSG_OOB))
    return Attempt::kUnsendable;
  return hold(connection, message, flags, ticket, result);
}

OutputGate::Attempt OutputGate::hold(const ConnectionPtr &connection, const msghdr &message,
                                     int flags, uint64_t ticket, ssize_t &result) {
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
  std::unique_lock lock(connection->mutex);
  const Room room = make_room(*connection, lock, flags);
  if (room == Room::kWait)
    return Attempt::kWaited;
  const bool broken_pipe = connection->ended;
  if (room == Room::kNone || connection->error != 0 || broken_pipe) {
    errno = broken_pipe ? EPIPE : connection->error != 0 ? connection->error : EAGAIN;
    result = -1;
    if (broken_pipe && !(flags & MSG_NOSIGNAL))
      raise(SIGPIPE); // comes when signals do again
    return Attempt::kTaken;
  }
  auto &held = connection->held;
  if (connection->type == SOCK_STREAM && !held.empty() && held.back().ticket >= ticket)
    held.back().bytes.insert(held.back().bytes.end(), made.bytes.begin(), made.bytes.end());
  else
    held.push_back(std::move(made));
  connection->held_bytes += size;
  set_engaged(connection->fd, true);
  lock.unlock();
  list(connection, ticket);
  result = static_cast<ssize_t>(size);
  return Attempt::kTaken;
}

void OutputGate::push_pending(ConnectionPtr connection) {
  connection->next_pending = std::move(pending_);
  pending_ = std::move(connection);
  pending_count_.fetch_add(1, std::memory_order_seq_cst); // see notify()
}

// CONNECTION has something to send once TICKET is durable. REQUIRES: its mutex is not held.
void OutputGate::list(const ConnectionPtr &connection, uint64_t ticket) {
  // The gate's thread takes a connection off its list, then locks it and looks what it holds:
  // listed after we unlocked it, it will be looked at once more.
  bool listed = connection->pending;
  if (!listed) {
    std::lock_guard lock(mutex_);
    listed = connection->pending;
    if (!listed)
      push_pending(connection);
    connection->pending = true;
  }
  Epochs &epochs = Epochs::instance();
  if (epochs.failed())
    wake(); // to drop it
  else if (ticket > epochs.durable())
    epochs.demand(ticket);
  else if (!listed)
    wake(); // became durable meanwhile: nobody else will
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

} // namespace perdure
