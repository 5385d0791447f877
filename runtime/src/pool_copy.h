// SPDX-License-Identifier: Apache-2.0
//
// Copies a pool that a process may have open and write to at full speed, without its help and
// without stopping it. The copy is the state of one sealed epoch, not older than anything that was
// durable when the copy began.
//
//   1. Read the superblock: the image is whole up to its horizon H.
//   2. Copy the image, byte by byte at whatever moment; meanwhile keep every epoch after H that the
//      log gets, before the log overwrites it.
//   3. After that read the log once more, to its end E. The checkpoint writes to the image only
//      what is sealed in the log, so nothing in the copy is newer than E.
//   4. Apply the epochs H+1..E in order. A byte that one of them wrote has E's value then; any
//      other did not change between H and E.
//
// Epochs that the log overwrote before they were read are noticed, and the copy starts over.
#pragma once

#include "epoch_spool.h"
#include "log_follower.h"
#include "pool.h"
#include "sparse_copy.h"
#include <atomic>

namespace perdure {

struct CopyReport {
  uint64_t epoch = 0;        // whose state the copy is
  uint64_t copied_bytes = 0; // of the image, holes left out
  uint64_t epochs = 0;       // taken from the log
  uint64_t epoch_bytes = 0;
  unsigned starts = 0; // 1: the log never lapped us
};

class PoolCopy {
public:
  // Errors: what inspect_pool refuses.
  static Result<std::unique_ptr<PoolCopy>> open(const std::string &path);

  // Writes the copy's image, pending until it is persisted, and describes it in SUPERBLOCK, whose
  // uuid stays: the source's log must never be taken for the copy's. SPOOL_DIRECTORY
  // needs room for what the log gets while the image is copied.
  // Errors: damaged log, lapped again and again, I/O, disk full, what PROGRESS says.
  Status run(StableFile &image, Superblock &superblock, const std::string &spool_directory,
             const CopyProgress &progress = nullptr);

  const Superblock &source() const { return source_.superblock; } // as it was opened
  const CopyReport &report() const { return report_; }

private:
  enum class Outcome { kDone, kLapped, kFailed };
  explicit PoolCopy(Pool source) : source_(std::move(source)) {}
  Outcome attempt(StableFile &image, Superblock &superblock, const CopyProgress &progress);
  Outcome copy_and_follow(LogFollower &follower, StableFile &image, const CopyProgress &progress);
  void follow(LogFollower &follower);
  Outcome finish_log(LogFollower &follower);
  Status apply_epochs(StableFile &image, Superblock &superblock);
  Outcome take(LogFollower::Found found, const LogFollower &follower,
               std::span<const std::byte> payload);
  Outcome fail(Status status);

  Pool source_;
  Superblock from_{}; // where this attempt begins
  std::unique_ptr<EpochSpool> spool_;
  std::atomic<bool> copied_ = false;               // tells the following thread to end
  std::atomic<Outcome> followed_ = Outcome::kDone; // how it ended
  Status status_;
  CopyReport report_;
};

} // namespace perdure
