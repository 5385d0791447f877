// SPDX-License-Identifier: Apache-2.0
#include "epoch_queue.h"
#include <cstring>
#include <utility>

namespace perdure {

std::byte *EpochQueue::room(uint64_t bytes) {
  if (blocks_.empty() || blocks_.back().size - blocks_.back().used < bytes) {
    blocks_.reserve(blocks_.size() + 1); // nothing can fail after this
    if (spare_.bytes)
      blocks_.push_back(std::exchange(spare_, {}));
    else
      blocks_.push_back({{allocate_mapped(kBlock), {kBlock}}, 0, kBlock});
  }
  return blocks_.back().bytes.get() + blocks_.back().used;
}

void EpochQueue::add(EpochRecord &&record, LogPosition log_end, uint64_t log_bytes) {
  const auto payload = record.payload();
  if (payload.size() < kLarge) {
    std::memcpy(room(payload.size()), payload.data(), payload.size());
    blocks_.back().used += payload.size();
  } else {
    blocks_.reserve(blocks_.size() + 1);
    blocks_.push_back({record.release(), payload.size(), payload.size()});
  }
  last_epoch_ = record.epoch();
  log_end_ = log_end;
  log_bytes_ += log_bytes;
}

void EpochQueue::recycle(EpochQueue &&applied) {
  if (spare_.bytes || applied.blocks_.empty() || applied.blocks_.front().size != kBlock)
    return;
  spare_ = std::move(applied.blocks_.front());
  spare_.used = 0;
}

} // namespace perdure
