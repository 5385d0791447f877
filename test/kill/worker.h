// SPDX-License-Identifier: Apache-2.0
//
// One connection under mixed load: issues operations on its own keys and on the shared counters and
// logs up to the pipeline depth, and holds every reply against the model.
#pragma once

#include "connection.h"
#include "model.h"

#include <deque>
#include <memory>
#include <vector>

namespace perdure_kill {

// Counters that all connections increment, and logs that all append to: what threads build on each
// other's unfinished work. A record of a log names its connection and its number.
struct Shared {
  struct Counter {
    uint64_t base = 0;   // value when the round began
    uint64_t issued = 0; // increments by one
    uint64_t acked = 0;
    uint64_t max_reply = 0;
  };
  std::vector<Counter> counters;
  std::vector<std::vector<uint64_t>> log_issued, log_acked; // [log][connection]: records
  uint64_t next_version = 1;
  uint64_t cas_seen = 0;
  uint64_t acknowledged = 0; // operations, for the report
  uint64_t excused = 0;      // replies nothing could be said about

  static std::string counter_name(size_t i) { return "shared:counter:" + std::to_string(i); }
  static std::string log_name(size_t i) { return "shared:log:" + std::to_string(i); }
};

inline constexpr size_t RECORD_SIZE = 16;
std::string log_record(uint32_t connection, uint64_t number);

class Worker {
public:
  Worker(uint32_t index, uint64_t seed, Shared &shared)
      : index_(index), random_(seed), shared_(shared) {}

  void add_key(std::string name, Key::Kind kind);

  // Fills the pipeline to DEPTH operations, some of them split over packets.
  void issue(size_t depth, double now);
  // Issues what makes the last operation's reply come, so that the pipeline can drain.
  void issue_last(double now);
  // Takes the replies that have arrived. Throws Violation on a wrong one.
  void take_replies(double now);
  bool idle() const { return pending_.empty(); }
  // The connection is gone for good: what is pending stays for the check.
  Connection connection;
  std::vector<std::unique_ptr<Key>> keys;
  const std::deque<Operation> &pending() const { return pending_; }
  uint32_t index() const { return index_; }
  // After a check: nothing is pending any more.
  void forget_pending();

private:
  Operation shared_operation(double now);
  bool take_one(double now);
  void retrieved(const Operation &operation, const Observed &observed);
  void acknowledge(double now);
  [[noreturn]] void wrong(const Operation &operation, const std::string &what) const;
  void excuse(Key &key);
  bool excused(const Operation &operation, double now) const;

  uint32_t index_;
  Random random_;
  Shared &shared_;
  std::deque<Operation> pending_;
  std::vector<uint64_t> counter_seen_; // the last reply of each shared counter
};

} // namespace perdure_kill
