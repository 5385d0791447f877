// SPDX-License-Identifier: Apache-2.0
//
// Epochs that are in the log and wait for the checkpoint, as one stream of payloads: what follows
// in a payload wins, so the payloads of successive epochs, one after the other, are a payload too.
// Small ones are copied into blocks, which costs a commit no allocation; large ones are taken over.
#pragma once

#include "epoch_record.h"
#include "log_writer.h"
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace perdure {

struct PayloadBlock {
  std::unique_ptr<std::byte, MappedDelete> bytes{nullptr, {0}};
  uint64_t used = 0, size = 0; // bytes
};

class EpochQueue {
public:
  // RECORD, up to LOG_END of the log, of which it takes LOG_BYTES. Throws std::bad_alloc; then
  // nothing was added.
  void add(EpochRecord &&record, LogPosition log_end, uint64_t log_bytes);
  bool empty() const { return log_bytes_ == 0; }
  uint64_t last_epoch() const { return last_epoch_; } // REQUIRES: not empty
  LogPosition log_end() const { return log_end_; }    // the same
  uint64_t log_bytes() const { return log_bytes_; }
  // In the order of their epochs.
  template <typename Visit> void for_each_payload(Visit visit) const {
    for (const PayloadBlock &block : blocks_)
      visit(std::span<const std::byte>(block.bytes.get(), block.used));
  }
  // For the next batch, from one that was applied: its first block, to be filled again.
  void recycle(EpochQueue &&applied);

private:
  static constexpr uint64_t kBlock = 1 << 20; // bytes
  static constexpr uint64_t kLarge = kBlock / 8;

  std::byte *room(uint64_t bytes);

  std::vector<PayloadBlock> blocks_; // a block is filled before the next is begun
  PayloadBlock spare_;
  uint64_t last_epoch_ = 0, log_bytes_ = 0;
  LogPosition log_end_{};
};

} // namespace perdure
