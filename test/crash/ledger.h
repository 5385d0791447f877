// SPDX-License-Identifier: Apache-2.0
//
// The oracle: what a program did to its pool, kept outside of it. The state after each epoch, which
// epochs were acknowledged, whether the pool's creation was. After a crash exactly one state is
// right: that of an epoch, and of none older than the last acknowledged. Any thread.
#pragma once

#include "durable_image.h"
#include "pooled_image.h"
#include "simulated_contents.h"
#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>

namespace perdure::crash {

class Ledger {
public:
  using Pages = SimulatedContents::Pages;
  Ledger() : states_{{0, {}}} {}
  Ledger(const Ledger &other);

  void pool_created() { created_ = true; }
  bool created() const { return created_; }
  void pool_closed(bool closed) { closed_ = closed; }
  bool closed() const { return closed_; }
  void committing(uint64_t epoch, std::span<const std::byte> payload);
  void acknowledged(uint64_t epoch);
  // A crash left EPOCH: what was committed after it never was. From now on it is not the program
  // that commits.
  void found(uint64_t epoch);
  // The program's last epoch if the pool shows EPOCH.
  uint64_t program_epoch(uint64_t epoch) const { return std::min(epoch, program_epoch_); }

  // Compares an image file with the state of EPOCH, and EPOCH with what may be left. Returns what
  // is wrong.
  std::string judge(uint64_t epoch, int image_fd) const;

private:
  mutable std::mutex mutex_;
  std::atomic<bool> created_ = false; // acknowledged
  std::atomic<bool> closed_ = false;  // the same, and not opened since
  uint64_t acknowledged_ = 0;
  uint64_t program_epoch_ = ~0ull;
  std::map<uint64_t, Pages> states_; // of the image, by epoch
};

// A durable image that keeps a ledger.
class LedgeredImage final : public DurableImage {
public:
  LedgeredImage(std::unique_ptr<PooledImage> image, Ledger &ledger)
      : image_(std::move(image)), ledger_(ledger) {}
  PooledImage &pooled() { return *image_; }

  Status commit(EpochRecord &&record) override {
    const uint64_t epoch = record.epoch();
    ledger_.committing(epoch, record.payload());
    Status status = image_->commit(std::move(record));
    if (status)
      ledger_.acknowledged(epoch);
    return status;
  }
  bool recovered() const override { return image_->recovered(); }
  uint64_t last_epoch() const override { return image_->last_epoch(); }
  int image_fd() const override { return image_->image_fd(); }
  uint64_t image_bytes() const override { return image_->image_bytes(); }
  uint64_t heap_limit() const override { return image_->heap_limit(); }
  bool is_pmem() const override { return image_->is_pmem(); }
  bool reserve(uint64_t offset, uint64_t size) override { return image_->reserve(offset, size); }
  void pause_checkpoint(bool paused) override { image_->pause_checkpoint(paused); }
  void checkpoint_waits_for(pid_t child) override { image_->checkpoint_waits_for(child); }
  void abandon_after_fork() override { image_->abandon_after_fork(); }
  DurableImageStats stats() const override { return image_->stats(); }
  void give_up(const char *why) override { image_->give_up(why); }
  Status close() override { return image_->close(); }

private:
  const std::unique_ptr<PooledImage> image_;
  Ledger &ledger_;
};

} // namespace perdure::crash
