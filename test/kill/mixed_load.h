// SPDX-License-Identifier: Apache-2.0
//
// The observer of the kill test: many connections under mixed load on one thread, barriers for
// flush_all, background commands, and after a crash the check of everything the model knows.
#pragma once

#include "server.h"
#include "worker.h"

#include <deque>

namespace perdure_kill {

struct MixedOptions {
  uint32_t connections = 8;
  uint32_t keys = 1500; // of each connection
  uint32_t large_keys = 3;
  size_t depth = 16; // operations in flight on a connection
  uint64_t seed = 1;
};

class MixedLoad {
public:
  explicit MixedLoad(const MixedOptions &options);

  // Connects and creates the shared keys. Throws Violation if the server does not answer.
  void connect(const Server &server);
  // Load for SECONDS. With FLUSH, a flush_all somewhere in it. With KILL_IN_FLUSH the server is
  // killed within a fraction of a millisecond after that.
  void run(Server &server, double seconds, bool flush, bool kill_in_flush);
  // Stops issuing and waits for all replies.
  void drain();
  // Asks for a flush_all in SECONDS, and has the model expect it.
  void flush_later(unsigned seconds);
  // After the server is gone: takes the replies that had arrived.
  void take_last_replies();
  // Compares every key with the model; the model then continues from what was found. Throws
  // Violation if anything is lost, foreign or out of order.
  void check(const Server &server);
  // The keys that were found missing although acknowledged, instead of throwing at the first.
  uint64_t count_lost(const Server &server);

  uint64_t acknowledged() const { return shared_.acknowledged; }
  uint64_t excused() const { return shared_.excused; }
  uint64_t pending_at_kill() const { return pending_at_kill_; }
  uint64_t checked() const { return checked_; }
  uint64_t flushes() const { return flushes_; }

private:
  struct Finding; // kill_check.cpp
  void step(double until);
  void flush_now();
  void forget_all();
  void create_shared();
  void background(const Server &server, double now);
  void reassign_a_slab_page();
  Finding look(Worker &worker, Key &key, const Observed &observed) const;
  std::vector<Finding> look_at_all(Worker &worker);
  void resolve(Worker &worker, std::vector<Finding> &findings, const std::vector<bool> &allowed);
  std::vector<std::vector<bool>> look_at_shared();
  void check_items_count(uint64_t present);
  void check_cas_unique(std::vector<uint64_t> &seen) const;

  Random random_;
  Shared shared_;
  std::deque<Worker> workers_;
  Connection control_, background_;
  size_t depth_;
  double next_background_ = 0;
  bool flush_pending_ = false;
  uint64_t pending_at_kill_ = 0, checked_ = 0, flushes_ = 0;
};

} // namespace perdure_kill
