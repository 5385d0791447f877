// SPDX-License-Identifier: Apache-2.0
//
// Reads the sealed epochs of a pool while another process may have it open and append: without its
// help, and without holding it up. A record is taken only if all of log_reader's checks hold, so
// bytes in the middle of being written are never more than an end for now. Before an end is
// believed, the superblock is read after it: if its horizon lies beyond the epochs read, the log
// gave back space that was not read in time, and the follower was lapped.
#pragma once

#include "log_reader.h"
#include "pool.h"

namespace perdure {

class LogFollower {
public:
  enum class Found {
    kEpoch,  // PAYLOAD is the next epoch's
    kEnd,    // all that was sealed when the call was made has been returned
    kLapped, // epochs are missing: start anew from a later superblock
    kFailed, // see status()
  };

  // Starts after FROM's horizon. Both files may change under the follower's eyes; FROM was read
  // with load_settled_superblock().
  LogFollower(const StableFile &superblock, const StableFile &log, const Superblock &from);

  // PAYLOAD is valid until the next call.
  Found next(std::span<const std::byte> &payload);
  // REQUIRES: next() returned kEnd. kEnd: nothing sound lies beyond it, the log is whole. kEpoch:
  // it has grown meanwhile. kFailed: it is damaged.
  Found confirm_end(std::span<const std::byte> &payload);

  uint64_t epoch() const { return reader_->epoch(); } // the last one returned
  uint64_t capacity() const { return capacity_; }     // bytes of the log
  const Status &status() const { return status_; }

private:
  void read_from(const Superblock &superblock);
  bool look_again(std::span<const std::byte> &payload);
  Found fail(Status status);

  const StableFile &superblock_;
  const StableFile &log_;
  std::unique_ptr<LogReader> reader_;
  uint64_t capacity_ = 0;
  uint32_t alignment_ = 0;
  uint32_t run_ = 0; // the newest that the superblock was seen to know
  Status status_;
};

} // namespace perdure
