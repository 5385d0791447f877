// SPDX-License-Identifier: Apache-2.0
//
// The oracle of the structures: random operations, and what a map or a cache holds after any number
// of them, by the standard library.
#pragma once

#include "structure.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace perdure::crash {

struct Operation {
  enum class Kind { kPut, kRemove, kGet, kClear } kind;
  uint64_t key;
  std::string value;
};

// The same for the same arguments.
std::vector<Operation> random_operations(uint64_t seed, size_t count, size_t value_size_max);
void apply(const Operation &operation, const structure &to);

using Entries = std::vector<std::pair<uint64_t, std::string>>;

class Model {
public:
  // A cache is bounded and has an order of use; anything else is a map.
  explicit Model(const structure &of) : cache_(&of == &lru_cache) {}
  void apply(const Operation &operation);
  // A cache's by use, newest first; a map's by key.
  const Entries &entries() const { return entries_; }

private:
  void put_in_cache(const Operation &operation);
  const bool cache_;
  Entries entries_;
};

// What a structure holds, in its model's order.
Entries entries_of(const structure &structure);

} // namespace perdure::crash
