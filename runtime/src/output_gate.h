// SPDX-License-Identifier: Apache-2.0
//
// External synchrony: output that could acknowledge or reveal an update leaves the process only
// when the update is durable, yet the writer does not wait. Bytes written to a socket are accepted
// at once, held per descriptor in order, and sent by the gate's thread when their ticket is
// durable. (Nightingale et al., "Rethink the Sync", OSDI 2006, for the idea.)
//
// Rules. A write goes straight through if nothing it may reveal is pending and nothing is held for
// its descriptor. Else it is copied. A descriptor with kHeldMax bytes held makes writers wait (or
// gives EAGAIN if the peer is not reading). close() first sends what is held; a shutdown() takes
// its place among what is held. If the pool fails nothing held is sent: the connections are shut
// down, so no client takes silence for an acknowledgement.
#pragma once

#include "epochs.h"
#include "status.h"
#include "status_format.h"
#include <array>
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

  // Errors: no descriptor, thread or memory left.
  Status start();
  // Sends what is held and durable, as far as the peers take it within about a second.
  void stop();
  // A ticket became durable, or the pool failed: the caller sends what SENDING lets it, or the
  // gate's thread is woken; if nothing is held neither. Any thread.
  void notify(Sending sending);

  // Stands in for sendmsg(). Returns true if it took the call: RESULT is what the caller returns
  // (errno set). False: the descriptor is no socket or nothing is pending; make the call itself.
  bool send(int fd, const msghdr &message, int flags, ssize_t &result);
  // Returns when all that the caller may reveal is durable and nothing is held for FD: before
  // output that cannot be held (sendfile, control messages). Inside a unit it returns at once. 0,
  // or why the output must not be made: EAGAIN, FD does not block and its peer is not reading; EIO,
  // the pool has failed.
  int wait_until_clear(int fd, int flags = 0);
  // Stands in for shutdown(FD, HOW). True: it will be done when what is held has been sent. False:
  // nothing is held or pending; make the call itself.
  bool shut_down(int fd, int how);
  // Before close(FD): sends what is held; what the peer does not take now goes on in the
  // background.
  void before_close(int fd);
  // The same for each descriptor in [FIRST, LAST].
  void before_close_range(unsigned first, unsigned last);

  // What is held now. Any thread.
  void fill_status(PoolStatus &status);

  void lock_for_fork() { mutex_.lock(); }
  void unlock_after_fork(bool child);

private:
  static constexpr size_t kHeldMax = 4 << 20; // bytes per descriptor before writers wait
  static constexpr int kFlaggedMax = 1 << 16; // descriptors below it have a flag
  struct Message {
    uint64_t ticket; // 0: only the order holds it back
    std::vector<char> bytes;
    std::vector<char> address; // of a datagram; empty: connected
    size_t sent = 0;
    int shut_down = -1; // instead of bytes: how. Counts as one held byte.
    size_t left() const { return shut_down >= 0 ? 1 : bytes.size() - sent; }
  };
  struct Connection {
    std::mutex mutex; // all but held_bytes and pending
    int fd = -1;
    int type = 0; // SOCK_STREAM, ...
    // In pending_, or released just now. Written under the gate's mutex, cleared under both.
    std::atomic<bool> pending{false};
    bool owned = false;   // fd is a duplicate made by before_close
    bool blocked = false; // the peer is not reading
    bool ended = false;   // shut_down() for writing
    int error = 0;        // met while sending, for the next write
    std::atomic<size_t> held_bytes{0};
    std::deque<Message> held;
    std::shared_ptr<Connection> next_pending; // a list: to be in it takes no memory
    std::condition_variable drained;
  };
  using ConnectionPtr = std::shared_ptr<Connection>;

  // False: nothing is held for FD, nor has it an error to tell. Takes no lock.
  bool may_be_engaged(int fd) const;
  void set_engaged(int fd, bool engaged);
  ConnectionPtr find(int fd);
  ConnectionPtr find_or_add(int fd, int type);
  // kUnsendable: must go by itself, once nothing is held.
  enum class Attempt { kPassed, kTaken, kWaited, kUnsendable };
  Attempt attempt(int fd, const msghdr &message, int flags, ssize_t &result);
  Attempt hold(const ConnectionPtr &connection, const msghdr &message, int flags, uint64_t ticket,
               ssize_t &result);
  void list(const ConnectionPtr &connection, uint64_t ticket);
  void push_pending(ConnectionPtr connection);
  enum class Room { kThere, kNone, kWait };
  Room make_room(Connection &connection, std::unique_lock<std::mutex> &lock, int flags);
  // REQUIRES: connection.mutex held. Sends what is durable, in order.
  void release(Connection &connection, uint64_t durable);
  ssize_t send_front(Connection &connection, uint64_t durable);
  void forget_sent(Connection &connection, size_t size);
  void drop(Connection &connection, int error);
  bool release_pending(); // true: there is more to release now
  void wake();
  void unblock(int fd);
  void close_descriptors();
  void run();

  std::atomic<bool> running_{false}, stopping_{false};
  pid_t process_ = 0; // a child of vfork() shares the memory, not the descriptors: not its gate
  std::mutex mutex_;  // the two collections; taken before a connection's mutex
  std::unordered_map<int, ConnectionPtr>
      connections_;                           // sockets that ever had to hold, until closed
  ConnectionPtr pending_;                     // with held bytes
  std::atomic<uint32_t> pending_count_{0};    // of them, written under mutex_
  std::atomic<uint32_t> connection_count_{0}; // lets writers skip the look-up
  // By descriptor: something is held, or an error kept. Written under the connection's mutex, and
  // where it is closed; cleared before held_bytes gets to 0, because that lets it be closed.
  std::array<std::atomic<bool>, kFlaggedMax> engaged_{};
  int epoll_ = -1, wake_ = -1;
  std::thread thread_;
};

} // namespace perdure
