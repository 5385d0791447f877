// SPDX-License-Identifier: Apache-2.0
//
// The keys that all clients share, each with the history since it was checked last, and what was
// learned of values: their sizes, and which CAS unique each has. A key is a counter or a text; the
// value of a text is the number of the operation that wrote it, and its bytes follow from that.
#pragma once

#include "checker.h"
#include "model.h"

#include <map>
#include <string>
#include <vector>

namespace perdure_linear {

using perdure_kill::Violation;

// The history has no order: what the test is about, unlike a server that does not start.
class NotLinearizable : public Violation {
public:
  using Violation::Violation;
};

struct Key {
  std::string name;
  bool counter = false;
  std::vector<Operation> history = {};
  std::set<State> states = {State()}; // before HISTORY
};

class Keys {
public:
  Keys(unsigned texts, unsigned counters);

  size_t size() const { return keys_.size(); }
  Key &operator[](size_t i) { return keys_[i]; }

  // A value nobody has written, SIZE bytes long.
  uint64_t new_value(uint32_t size);
  std::string bytes_of(const Key &key, uint64_t value) const;
  // The value that BYTES are. Throws NotLinearizable if nobody wrote them to any key.
  uint64_t value_of(const Key &key, std::string_view bytes) const;
  // A CAS unique was seen with VALUE. Throws NotLinearizable if it or the value was seen with
  // another.
  void saw_cas(const Key &key, uint64_t value, uint64_t cas);

  // Holds the histories against the specification, and begins new ones. Throws NotLinearizable.
  // REQUIRES: no operation is under way.
  void check();

  uint64_t histories() const { return histories_; }
  uint64_t operations() const { return operations_; }
  uint64_t lost() const { return lost_; }
  size_t most_configurations() const { return most_configurations_; }

private:
  std::vector<Key> keys_;
  std::vector<uint32_t> sizes_ = {0};     // by value
  std::map<uint64_t, uint64_t> cas_of_;   // by value
  std::map<uint64_t, uint64_t> value_of_; // by CAS unique
  uint64_t histories_ = 0, operations_ = 0, lost_ = 0;
  size_t most_configurations_ = 0;
};

} // namespace perdure_linear
