// SPDX-License-Identifier: Apache-2.0
//
// A pool as `perdure info` and `perdure check` look at it: opened read-only, its log replayed into
// a private mapping of the image at any base, so that nothing on disk changes.
#pragma once

#include "pool.h"
#include "recovery.h"
#include <memory>
#include <set>

namespace perdure {

class PoolView {
public:
  // Errors: what inspect_pool refuses.
  static Result<std::unique_ptr<PoolView>> open(const std::string &path);
  // Holds the pool's lock while it lives, so that nothing moves. Errors: in use; as open.
  static Result<std::unique_ptr<PoolView>> open_exclusive(const std::string &path);
  ~PoolView();
  PoolView(const PoolView &) = delete;
  PoolView &operator=(const PoolView &) = delete;

  void release_lock() { pool_.lock.reset(); }

  const Pool &pool() const { return pool_; }
  pid_t holder() const { return holder_; } // process that has it open; 0: none

  // Reads the log without applying it. Errors: damaged or unreadable log.
  Result<RecoveryReport> scan_log() const;
  // Maps the image and replays the log over it. Errors: as scan_log; no address space.
  Result<RecoveryReport> replay();
  // REQUIRES: replay() succeeded
  std::byte *base() const { return base_; }
  uint64_t mapped_bytes() const { return mapped_bytes_; } // of the image file
  // Segments (heap_layout.h) that the log set bytes in, by number from the image's start.
  const std::set<uint64_t> &replayed_segments() const { return replayed_segments_; }
  uint64_t slot_bytes() const { return pool_.superblock.heap_limit; }

private:
  explicit PoolView(Pool pool) : pool_(std::move(pool)) {}
  Status map_image();

  Pool pool_;
  pid_t holder_ = 0;
  std::byte *reservation_ = nullptr;
  uint64_t reserved_bytes_ = 0;
  std::byte *base_ = nullptr;
  uint64_t mapped_bytes_ = 0;
  std::set<uint64_t> replayed_segments_;
};

} // namespace perdure
