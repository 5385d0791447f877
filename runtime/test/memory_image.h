// SPDX-License-Identifier: Apache-2.0
//
// For tests of the epoch layer: some words of persistent memory, stored to as instrumented code
// does, and a durable image that applies records to a copy of them, can hold a commit back, and can
// fail.
#pragma once

#include "durable_image.h"
#include "epoch_payload.h"
#include "heap_layout.h"
#include "mutator.h"
#include <condition_variable>
#include <cstring>
#include <gtest/gtest.h>
#include <mutex>
#include <sys/mman.h>
#include <vector>

namespace perdure {

class WordsUnderTest {
public:
  static constexpr uint64_t kCount = 1 << 16;

  void map() {
    void *at = reinterpret_cast<void *>(kBase + kHeapOffset);
    words_ =
        static_cast<uint64_t *>(mmap(at, kCount * 8, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
    ASSERT_EQ(words_, at);
  }
  void unmap() { munmap(words_, kCount * 8); }
  uint64_t &operator[](size_t index) { return words_[index]; }

  // A store and its hook (perdure/abi.h).
  void store(size_t index, uint64_t value, uint32_t lane = PERDURE_LANE_PERSISTENT) {
    words_[index] = value;
    note(index, 8, lane);
  }
  void note(size_t index, uint64_t bytes, uint32_t lane = PERDURE_LANE_PERSISTENT) {
    Mutator &mutator = Mutator::current();
    uint64_t *cursor = &perdure_thread.next[lane];
    uint64_t slot;
    while (!((slot = std::atomic_ref<uint64_t>(*cursor).fetch_add(8)) & PERDURE_CHUNK_FIRST_MASK))
      mutator.set(lane).extend(cursor);
    std::atomic_ref<uint64_t>(*reinterpret_cast<uint64_t *>(slot))
        .store(reinterpret_cast<uint64_t>(&words_[index]) << 16 | bytes, std::memory_order_release);
  }

private:
  uint64_t *words_ = nullptr;
};

class MemoryImage : public DurableImage {
public:
  explicit MemoryImage(bool pmem) : pmem_(pmem) {}
  bool recovered() const override { return false; }
  uint64_t last_epoch() const override { return last_epoch_; }
  int image_fd() const override { return -1; }
  uint64_t image_bytes() const override { return 0; }
  uint64_t heap_limit() const override { return kSlotSize; }
  bool is_pmem() const override { return pmem_; }
  bool reserve(uint64_t, uint64_t) override { return true; }
  void pause_checkpoint(bool) override {}
  void checkpoint_waits_for(pid_t) override {}
  void give_up(const char *) override { give_ups++; }
  void abandon_after_fork() override {}
  Status close() override { return Status::ok(); }
  DurableImageStats stats() const override { return {}; }

  Status commit(std::unique_ptr<EpochRecord> record) override {
    std::unique_lock lock(mutex);
    passing_.wait(lock, [&] { return !held_back_; });
    EXPECT_EQ(record->epoch(), last_epoch_ + 1);
    if (fail)
      return Status::error("device gone");
    EpochPayloadReader reader(record->payload(), kSlotSize);
    for (ImageRange range; reader.next(range);) {
      auto *target = reinterpret_cast<std::byte *>(words.data()) + (range.offset - kHeapOffset);
      if (range.fill)
        std::memset(target, static_cast<int>(range.data[0]), range.length);
      else
        std::memcpy(target, range.data, range.length);
    }
    EXPECT_TRUE(reader.sound());
    last_epoch_ = record->epoch();
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
