// SPDX-License-Identifier: Apache-2.0
//
// What the programs share that measure or verify a structure: how an operation is called, and which
// keys there are. A program is one variant: how its structures were compiled, and the environment
// (PERDURE_POOL), say what is measured.
#pragma once

#include "../key.h"
#include "structure.h"
#include <memory>
#include <mutex>
#include <string>
#include <vector>

// Of the runtime; absent in the plain and the peers' builds, where nothing is to wait for.
extern "C" __attribute__((weak)) int perdure_sync(void);

// Of the variants whose operations need a pool opened by hand; weak, too.
extern "C" __attribute__((weak)) void variant_open(const char *path);

namespace bench {

struct Options {
  std::string structure = "hash_map";
  uint64_t keys = 10'000;
  int threads = 1;
  bool sync = false;     // wait after each update until it is durable
  std::string append;    // file for "volatile and one append"
  std::string peer_pool; // for variant_open
};

const structure *find_structure(const std::string &name);

// How each operation of a variant is called: under the structure's lock if there are other threads,
// and waited for if it is to be durable when it returns.
class Caller {
public:
  Caller(const structure &target, const Options &options)
      : target_(target), locked_(options.threads > 1), sync_(options.sync && perdure_sync) {}

  bool put(uint64_t key, uint64_t value) {
    bool result = guarded([&] { return target_.put(key, value); });
    return settle(), result;
  }
  bool remove(uint64_t key) {
    bool result = guarded([&] { return target_.remove(key); });
    return settle(), result;
  }
  bool get(uint64_t key, uint64_t *value) {
    return guarded([&] { return target_.get(key, value); });
  }

private:
  template <class Operation> bool guarded(Operation operation) {
    if (!locked_)
      return operation();
    std::lock_guard lock(mutex_);
    return operation();
  }
  void settle() {
    if (sync_)
      perdure_sync();
  }

  const structure &target_;
  const bool locked_, sync_;
  std::mutex mutex_;
};

// Twice as many possible keys (key.h) as there are at first; which of them are there.
class Population {
public:
  explicit Population(uint64_t keys) : present_(2 * keys) {}

  uint64_t size() const { return present_.size(); }
  uint8_t &present(uint64_t number) { return present_[number]; }

private:
  std::vector<uint8_t> present_; // bytes: two threads may change neighbours
};

// Marsaglia's xorshift: 1 ns a number.
class Random {
public:
  explicit Random(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 1) {}
  uint64_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    return state_ ^= state_ << 17;
  }
  // Below LIMIT, which is less than 2^32.
  uint64_t below(uint64_t limit) { return (next() >> 32) * limit >> 32; }

private:
  uint64_t state_;
};

} // namespace bench
