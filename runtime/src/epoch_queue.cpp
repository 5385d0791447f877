// SPDX-License-Identifier: Apache-2.0
#include "epoch_queue.h"
#include <cstdlib>
#include <cstring>
#include <new>
#include <sys/mman.h>
#include <utility>

namespace perdure {

void Unmap::operator()(std::byte *bytes) const {
  if (size != 0)
    munmap(bytes, size);
  else
    std::free(bytes);
}

// Mapped, not of the heap of libc, which would keep it.
PayloadBlock EpochQueue::new_block() {
  void *bytes = mmap(nullptr, kBlock, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (bytes == MAP_FAILED)
    throw std::bad_alloc();
  return {{static_cast<std::byte *>(bytes), Unmap{kBlock}}, 0, kBlock};
}

std::byte *EpochQueue::room(uint64_t bytes) {
  if (blocks_.empty() || blocks_.back().size - blocks_.back().used < bytes) {
    blocks_.reserve(blocks_.size() + 1); // nothing can fail after this
    blocks_.push_back(spare_.bytes ? std::exchange(spare_, {}) : new_block());
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
    blocks_.push_back({{record.release(), Unmap{}}, payload.size(), payload.size()});
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
