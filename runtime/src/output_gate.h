// SPDX-License-Identifier: Apache-2.0
//
// External synchrony: output that could acknowledge or reveal an update leaves the process only
// when the update is durable, yet the writer does not wait. Bytes written to a socket are accepted
// at once, held per descriptor in order, and sent by the gate's thread when their ticket is
// durable. (Nightingale et al., "Rethink the Sync", OSDI 2006, for the idea.)
//
// Rules. A write goes straight through if nothing it may reveal is pending and nothing is held for
// its descriptor. Else it is copied. A descriptor with kHeldMax bytes held makes writers wait (or
// gives EAGAIN if the peer is not reading). close() and shutdown() first send what is held. If the
// pool fails nothing held is sent: the connections are shut down, so no client takes silence for an
// acknowledgement.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <sys/socket.h>
#include <sys/types.h>
#include <thread>
#include <unordered_map>
#include <vector>

namespace perdure {

class OutputGate {
public:
  static OutputGate &instance();

  void start();
  // Sends what is held and durable, as far as the peers take it within about a second.
  void stop();
  // Wakes the gate's thread: a ticket became durable, or the pool failed. Any thread.
  void notify();

  // Stands in for sendmsg(). Returns true if it took the call: RESULT is what the caller returns
  // (errno set). False: the descriptor is no socket or nothing is pending; make the call itself.
  bool send(int fd, const msghdr &message, int flags, ssize_t &result);
  // Returns when all that the caller may reveal is durable and nothing is held for FD: before
  // output that cannot be held (sendfile, control messages, shutdown). Inside a unit it returns at
  // once.
  void wait_until_clear(int fd);
  // Before close(FD): sends what is held; what the peer does not take now goes on in the
  // background.
  void before_close(int fd);

  void lock_for_fork() { mutex_.lock(); }
  void unlock_after_fork(bool child);

private:
  struct Message {
    uint64_t ticket; // 0: only the order holds it back
    std::vector<char> bytes;
    std::vector<char> address; // of a datagram; empty: connected
    size_t sent = 0;
  };
  struct Connection {
    std::mutex mutex; // all but held_bytes and pending
    int fd = -1;
    int type = 0;                     // SOCK_STREAM, ...
    std::atomic<bool> pending{false}; // in pending_; written under the gate's mutex
    bool owned = false;               // fd is a duplicate made by before_close
    bool blocked = false;             // the peer is not reading
    int error = 0;                    // met while sending, for the next write
    std::atomic<size_t> held_bytes{0};
    std::deque<Message> held;
    std::condition_variable drained;
  };
  using ConnectionPtr = std::shared_ptr<Connection>;

  ConnectionPtr find(int fd);
  ConnectionPtr find_or_add(int fd, int type);
  ssize_t hold(const ConnectionPtr &connection, const msghdr &message, int flags, uint64_t ticket);
  bool make_room(Connection &connection, std::unique_lock<std::mutex> &lock, int flags);
  // REQUIRES: connection.mutex held. Sends what is durable, in order.
  void release(Connection &connection, uint64_t durable);
  void drop(Connection &connection, int error);
  void release_pending();
  void unblock(int fd);
  void run();

  std::atomic<bool> running_{false}, stopping_{false};
  pid_t process_ = 0; // a child of vfork() shares the memory, not the descriptors: not its gate
  std::mutex mutex_;  // the two collections; taken before a connection's mutex
  std::unordered_map<int, ConnectionPtr>
      connections_;                           // sockets that ever had to hold, until closed
  std::vector<ConnectionPtr> pending_;        // with held bytes
  std::atomic<uint32_t> connection_count_{0}; // lets writers skip the look-up
  int epoll_ = -1, wake_ = -1;
  std::thread thread_;
};

} // namespace perdure
