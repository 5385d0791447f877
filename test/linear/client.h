// SPDX-License-Identifier: Apache-2.0
//
// One client: sends one request at a time to a random one of the shared keys, and adds what it was
// told to that key's history.
#pragma once

#include "connection.h"
#include "keys.h"

#include <optional>

namespace perdure_linear {

class Client {
public:
  Client(uint32_t index, uint64_t seed, Keys &keys)
      : index_(index), random_(seed), keys_(keys), cas_seen_(keys.size()) {}

  perdure_kill::Connection connection;

  bool idle() const { return !under_way_; }
  // Sends a request. REQUIRES: idle.
  void issue();
  // Sends a `gets` of KEY. REQUIRES: idle.
  void issue_gets(size_t key);
  // Takes the reply if it has arrived. Throws Violation if it is none of the protocol's.
  void take_reply();
  // The server was killed, and at TIME it was gone.
  void cut_off(double time);

private:
  struct Seen {
    uint64_t value, cas;
  };
  Operation random_operation(size_t key);
  void send(size_t key, const Operation &operation, bool with_cas);
  bool take_get(const Key &key);
  void finish();

  uint32_t index_;
  perdure_kill::Random random_;
  Keys &keys_;
  std::vector<std::optional<Seen>> cas_seen_; // the last of each key, also of earlier runs
  std::optional<Operation> under_way_;
  size_t key_ = 0;                 // of UNDER_WAY
  std::optional<size_t> cas_next_; // a key whose CAS unique was just read
};

} // namespace perdure_linear
