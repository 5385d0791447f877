// SPDX-License-Identifier: Apache-2.0
//
// The bytes of one epoch while they wait to be logged and checkpointed: a list of
// (image offset, bytes) pairs in the payload form of log_format.h, so that appending it to the log
// copies nothing. Later pairs win where they overlap.
#pragma once

#include "mapped_memory.h"
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace perdure {

class EpochRecord {
public:
  explicit EpochRecord(uint64_t epoch) : epoch_(epoch) {}
  EpochRecord(EpochRecord &&other) noexcept : epoch_(other.epoch_) { *this = std::move(other); }
  EpochRecord &operator=(EpochRecord &&other) noexcept {
    std::swap(epoch_, other.epoch_);
    std::swap(payload_, other.payload_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~EpochRecord() { free_mapped(payload_, capacity_); }

  // Copies SIZE bytes from DATA, to be written at image offset OFFSET. Long runs of one byte are
  // kept as a fill.
  void add(uint64_t offset, const void *data, uint64_t size);

  // Adds what OTHER holds.
  void add_all(const EpochRecord &other);

  uint64_t epoch() const { return epoch_; }
  void set_epoch(uint64_t epoch) { epoch_ = epoch; }
  std::span<const std::byte> payload() const { return {payload_, size_}; }
  bool empty() const { return size_ == 0; }
  // Makes room for BYTES of payload in all.
  void reserve(uint64_t bytes);
  // For the next epoch. Keeps what room there is, unless a rare large epoch took it.
  void clear();
  // The payload's memory; the record is empty then.
  std::unique_ptr<std::byte, MappedDelete> release();

private:
  void append(uint64_t word, const std::byte *data, uint64_t size);

  uint64_t epoch_;
  // Not a vector: it would clear what is about to be overwritten.
  std::byte *payload_ = nullptr;
  uint64_t size_ = 0, capacity_ = 0;
};

} // namespace perdure
