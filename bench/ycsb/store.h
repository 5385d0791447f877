// SPDX-License-Identifier: Apache-2.0
//
// A store that a program embeds, as YCSB drives it: byte strings by 64-bit keys, ordered. All calls
// but the constructor may come from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

struct StoreOptions {
  std::string path;     // directory or file; a store without one keeps its data elsewhere
  bool sync = true;     // each update is durable when its call returns
  uint64_t records = 0; // an upper bound, for those that want to know
};

class Store {
public:
  virtual ~Store() = default;
  virtual void put(uint64_t key, std::string_view value) = 0;
  virtual bool get(uint64_t key, std::string &value) = 0;
  // The first COUNT records from KEY on; returns how many there were.
  virtual size_t scan(uint64_t key, size_t count, std::string &last_value) = 0;
  // Many new records, as fast as the store can; durable before the call returns.
  using Load = std::function<bool(uint64_t &key, std::string_view &value)>; // false: no more
  virtual void load(const Load &next) = 0;
};

// Those that this program was built with.
struct StoreKind {
  const char *name;
  std::unique_ptr<Store> (*open)(const StoreOptions &options);
};
const std::vector<StoreKind> &store_kinds();

// Prints "bench: STORE: WHAT" and ends the process.
[[noreturn]] void store_failed(const char *store, const std::string &what);

} // namespace bench
