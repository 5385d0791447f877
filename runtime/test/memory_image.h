// SPDX-License-Identifier: Apache-2.0
//
// For tests of the epoch layer: a durable image that applies records to a copy of the words under
// test, can hold a commit back, and can fail.
#pragma once

#include "durable_image.h"
#include "epoch_payload.h"
#include "heap_layout.h"
#include "words_under_test.h"
#include <condition_variable>
#include <cstring>
#include <gtest/gtest.h>
#include <mutex>
#include <thread>
#include <vector>

namespace perdure {

class MemoryImage : public DurableImage {
public:
  explicit MemoryImage(bool pmem) : pmem_(pmem) {}
  bool recovered() const override { return false; }
  uint64_t last_epoch() const override { return last_epoch_; }
  int image_fd() const override { return -1; }
  uint64_t image_bytes() const override { return 0; }
  uint64_t heap_limit() const override { return kSlotSize; }
  bool is_pmem() const override { return pmem_; }
  bool is_checkpointing() const override { return checkpointing; }
  bool reserve(uint64_t, uint64_t) override { return true; }
  void pause_checkpoint(bool) override {}
  void checkpoint_waits_for(pid_t) override {}
  void give_up(const char *) override { give_ups++; }
  void abandon_after_fork() override {}
  Status close() override { return Status::ok(); }
  DurableImageStats stats() const override { return {}; }

  Status commit(EpochRecord &&record) override {
    std::unique_lock lock(mutex);
    passing_.wait(lock, [&] { return !held_back_; });
    EXPECT_EQ(record.epoch(), last_epoch_ + 1);
    if (fail)
      return Status::error("device gone");
    EpochPayloadReader reader(record.payload(), kSlotSize);
    for (ImageRange range; reader.next(range);) {
      auto *target = reinterpret_cast<std::byte *>(words.data()) + (range.offset - kHeapOffset);
      if (range.fill)
        std::memset(target, static_cast<int>(range.data[0]), range.length);
      else
        std::memcpy(target, range.data, range.length);
    }
    EXPECT_TRUE(reader.sound());
    last_epoch_ = record.epoch();
    committed_by = std::this_thread::get_id();
    return Status::ok();
  }

  uint64_t word(size_t index) {
    std::lock_guard lock(mutex);
    return words[index];
  }
  // Commits wait, as for a slow device.
  void hold_back() {
    std::lock_guard lock(mutex);
    held_back_ = true;
  }
  void let_through() {
    std::lock_guard lock(mutex);
    held_back_ = false;
    passing_.notify_all();
  }

  std::atomic<bool> fail = false;
  std::atomic<bool> checkpointing = false;
  std::atomic<std::thread::id> committed_by;
  std::atomic<int> give_ups = 0;
  std::mutex mutex;
  std::vector<uint64_t> words = std::vector<uint64_t>(WordsUnderTest::kCount);

private:
  bool pmem_;
  bool held_back_ = false;
  std::condition_variable passing_;
  uint64_t last_epoch_ = 0;
};

} // namespace perdure
