// SPDX-License-Identifier: Apache-2.0
//
// The bytes of one epoch while they wait to be logged and checkpointed: a list of
// (image offset, bytes) pairs in the payload form of log_format.h, so that appending it to the log
// copies nothing. Later pairs win where they overlap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <utility>

namespace perdure {

class EpochRecord {
public:
  explicit EpochRecord(uint64_t epoch) : epoch_(epoch) {}
  EpochRecord(EpochRecord &&other) noexcept : epoch_(other.epoch_) { *this = std::move(other); }
  EpochRecord &operator=(EpochRecord &&other) noexcept {
    epoch_ = other.epoch_;
    payload_ = std::move(other.payload_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }

  // Copies SIZE bytes from DATA, to be written at image offset OFFSET. Long runs of one byte are
  // kept as a fill.
  void add(uint64_t offset, const void *data, uint64_t size);

  // Adds what OTHER holds.
  void add_all(const EpochRecord &other);

  uint64_t epoch() const { return epoch_; }
  void set_epoch(uint64_t epoch) { epoch_ = epoch; }
  std::span<const std::byte> payload() const { return {payload_.get(), size_}; }
  bool empty() const { return size_ == 0; }
  // Makes room for BYTES of payload in all.
  void reserve(uint64_t bytes);
  // For the next epoch. Keeps what room there is, unless a rare large epoch took it.
  void clear();
  // The payload's memory, to be freed with free(); the record is empty then.
  std::byte *release();

private:
  void append(uint64_t word, const std::byte *data, uint64_t size);

  struct Free {
    void operator()(std::byte *bytes) const { std::free(bytes); }
  };
  uint64_t epoch_;
  // Not a vector: it would clear what is about to be overwritten.
  std::unique_ptr<std::byte, Free> payload_;
  uint64_t size_ = 0, capacity_ = 0;
};

} // namespace perdure
