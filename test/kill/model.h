// SPDX-License-Identifier: Apache-2.0
//
// What the observer knows of the server's data: for each key the state after the last acknowledged
// operation and after the last issued one. Each key belongs to one connection, so its operations
// have one order; after a crash a connection's keys must all show the state after the same prefix
// of its operations, and that prefix holds every acknowledged one (kill_check.cpp).
#pragma once

#include "values.h"

#include <cstdint>
#include <deque>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

namespace perdure_kill {

// What must never happen: a lost update, a value never written, a wrong reply.
class Violation : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

inline constexpr double NEVER = std::numeric_limits<double>::infinity();

struct State {
  bool present = false;
  bool number = false;
  uint64_t count = 0; // if number
  Segments value;     // if not
  uint32_t flags = 0;
  // The server expires by whole seconds of its own: between these two either answer is right.
  double gone_from = NEVER; // may have expired from then on
  double gone_at = NEVER;   // must have expired after then
  uint64_t version = 0;     // the operation that wrote it: a new one has a new CAS unique
  uint64_t cas_above = 0;   // and it is greater than all that had been seen before
};

struct Key {
  enum class Kind { Text, Number, Large };
  std::string name;
  Kind kind = Kind::Text;
  State acked, issued;
  uint32_t pending = 0;
  uint64_t cas = 0; // CAS unique of version CAS_VERSION, once it was read
  uint64_t cas_version = 0;
  // An expiring key met an answer slower than its life, or the slab mover came before a cas:
  // anything goes until it is set anew.
  bool wild = false;
  // ACKED is a guess since then, until a set that was issued to end it is answered: a kill in
  // between leaves the key wild.
  bool guessed = false;
};

enum class Verb {
  Set,
  SetNoReply,
  Add,
  Replace,
  Append,
  Prepend,
  Cas,
  Incr,
  Decr,
  Delete,
  Touch,
  Get,
  Gets,
  SharedIncr,
  SharedAppend
};

struct Operation {
  Verb verb = Verb::Get;
  Key *key = nullptr;
  uint32_t shared = 0; // index of the shared counter or log
  bool changes = false;
  State after;             // of KEY
  std::string_view expect; // first word of the reply; empty: a number or a retrieval
  double issued_at = 0;    // seconds
  double expiry = 0;       // seconds asked for; 0: none
};

// What a retrieval gave for a key.
struct Observed {
  bool present = false;
  std::string_view data;
  uint32_t flags = 0;
  uint64_t cas = 0;
  double asked_at = 0, answered_at = 0; // seconds
};

// Empty if OBSERVED may be what a server in STATE answers, else what is wrong.
std::string mismatch(const State &state, const Observed &observed);
std::string describe(const State &state);
std::string describe(const Observed &observed);

// Chooses the next operation on KEY, computes its outcome and appends its request to OUT.
// Numbers operations by NEXT_VERSION; CAS_SEEN is the greatest CAS unique any reply has shown.
Operation choose(Key &key, Random &random, double now, uint64_t &next_version, uint64_t cas_seen,
                 std::string &out);
// The plain part of it: a retrieval with its CAS unique.
Operation retrieval(Key &key, double now, std::string &out);

} // namespace perdure_kill
