// SPDX-License-Identifier: Apache-2.0
//
// What a client did to one key and what it was told: the alphabet of the histories, and the
// sequential specification they are held against. A key is an optional number: counters hold it as
// text, other keys a value that only one operation ever writes, so a CAS unique stands for a value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace perdure_linear {

// What a key holds; empty: it is absent.
using State = std::optional<uint64_t>;

enum class Kind { get, set, add, cas, remove, increment };

// lost: the server was killed before its reply arrived.
// done: STORED, DELETED, a value or a sum; refused: NOT_STORED or EXISTS; missing: NOT_FOUND, no
// value.
enum class Outcome { lost, done, refused, missing };

struct Operation {
  Kind kind = Kind::get;
  uint64_t argument = 0; // value to write, or amount to add
  uint64_t expected = 0; // cas: the value whose CAS unique was sent
  Outcome outcome = Outcome::lost;
  uint64_t result = 0; // get and increment that are done: the value
  double call = 0;     // before the request was sent
  double end = 0;      // after the reply was read; if lost, when the process was known to be gone
  uint32_t client = 0; // for messages
};

// The state after OPERATION, which began in STATE; nothing if it cannot have had its outcome there.
// A lost operation can have had any outcome; nothing where none would change the state.
std::optional<State> step(const Operation &operation, const State &state);

std::string describe(const State &state);
std::string describe(const Operation &operation);

} // namespace perdure_linear
