// SPDX-License-Identifier: Apache-2.0
//
// The least that durability can cost on persistent memory: one 64-byte append by non-temporal
// stores, and a fence.
#pragma once

#include <cstdint>
#include <string>

namespace bench {

class AppendLog {
public:
  explicit AppendLog(const std::string &path); // created; on tmpfs this is emulated pmem
  ~AppendLog();
  AppendLog(const AppendLog &) = delete;
  AppendLog &operator=(const AppendLog &) = delete;

  void append(uint64_t key, uint64_t value);

private:
  static constexpr uint64_t kSize = 64 << 20;
  char *log_;
  uint64_t at_ = 0;
};

} // namespace bench
