// SPDX-License-Identifier: Apache-2.0
//
// One opener at a time: a POSIX record lock on the pool's file `lock`. The kernel releases it
// however the process ends, forked children do not inherit it, and it names its holder.
#pragma once

#include "status.h"
#include <memory>
#include <string>
#include <sys/types.h>

namespace perdure {

class PoolLock {
public:
  // Errors: "POOL is in use by process N"; the lock file cannot be created.
  static Result<std::unique_ptr<PoolLock>> acquire(const std::string &directory);
  // Process that holds it; 0 if none does.
  static pid_t holder(const std::string &directory);
  ~PoolLock();
  // In a forked child, which does not hold the lock: forgets LOCK without taking any mutex.
  static void abandon(std::unique_ptr<PoolLock> lock);
  PoolLock(const PoolLock &) = delete;
  PoolLock &operator=(const PoolLock &) = delete;

private:
  PoolLock(int fd, dev_t device, ino_t inode) : fd_(fd), device_(device), inode_(inode) {}
  int fd_;
  dev_t device_;
  ino_t inode_;
};

} // namespace perdure
