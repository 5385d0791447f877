// SPDX-License-Identifier: Apache-2.0
//
// DurableImage over a pool: redo log, checkpoint and recovery put together. DurableImage::open
// makes one of a pool directory; crash tests make one of simulated files.
#pragma once

#include "checkpoint.h"
#include "durable_image.h"
#include "log_writer.h"
#include "pool.h"
#include "recovery.h"
#include <array>
#include <atomic>
#include <mutex>

namespace perdure {

class PooledImage final : public DurableImage {
public:
  // Recovers POOL and starts a run on it. BACKGROUND: checkpoint on a thread of its own. CHECK: as
  // in recover().
  static Result<std::unique_ptr<PooledImage>> start(Pool pool, bool background,
                                                    const MetadataCheck &check = nullptr);
  ~PooledImage() override;

  bool recovered() const override { return report_.last_epoch != 0; }
  uint64_t last_epoch() const override { return last_epoch_.load(std::memory_order_relaxed); }
  int image_fd() const override { return pool_.image->fd(); }
  uint64_t image_bytes() const override { return report_.image_bytes; }
  uint64_t heap_limit() const override { return heap_limit_; }
  bool is_pmem() const override;
  bool is_checkpointing() const override { return checkpoint_->is_stepping(); }
  Status commit(EpochRecord &&record) override;
  bool reserve(uint64_t offset, uint64_t size) override;
  void pause_checkpoint(bool paused) override {
    pauses_ += paused ? 1 : -1;
    checkpoint_->pause(paused);
  }
  bool log_is_short() const override { return checkpoint_->is_urgent(); }
  void abandon_after_fork() override;
  void give_up(const char *why) override;
  void checkpoint_waits_for(pid_t child) override { checkpoint_->waits_for(child); }
  Status close() override;
  DurableImageStats stats() const override;
  void fill_status(PoolStatus &status) const override;

  const RecoveryReport &recovery() const { return report_; }
  // Applies everything committed so far to the image.
  Status checkpoint_now() { return checkpoint_->drain(); }

private:
  PooledImage(Pool pool, const RecoveryReport &report);
  Status begin_run();
  Status make_recovered_durable();
  Status make_space(uint64_t payload);
  Status grow_log(uint64_t payload);
  Status fail(Status status);

  Pool pool_;
  const RecoveryReport report_;
  const uint64_t heap_limit_;
  std::array<uint8_t, 16> uuid_{}; // the superblock is the checkpoint's
  uint32_t run_ = 0;
  std::unique_ptr<LogWriter> log_;
  std::unique_ptr<Checkpoint> checkpoint_;
  std::atomic<uint64_t> last_epoch_;
  Status failure_; // set by the committing thread only
  std::atomic<bool> given_up_ = false;
  bool closed_ = false;
  std::atomic<int> pauses_ = 0;
  bool abandoned_ = false;
  std::atomic<uint64_t> commits_ = 0;
  std::atomic<uint64_t> log_bytes_ = 0;
  std::atomic<uint64_t> waits_ = 0;
  std::atomic<uint64_t> wait_ns_ = 0;
  std::atomic<uint64_t> log_grown_ = 0;
};

} // namespace perdure
