// SPDX-License-Identifier: Apache-2.0
//
// Epochs over an image kept in memory: what a cut takes, when, and who waits for whom.
#include "epoch_payload.h"
#include "epochs.h"
#include "heap_layout.h"
#include <cstring>
#include <gtest/gtest.h>
#include <map>
#include <sys/mman.h>
#include <thread>

namespace perdure {
namespace {

using namespace std::chrono_literals;

constexpr uint64_t kWords = 1 << 16;

// Applies records to a copy of the words under test.
class MemoryImage : public DurableImage {
public:
  explicit MemoryImage(bool pmem) : pmem_(pmem) {}
  bool recovered() const override { return false; }
  uint64_t last_epoch() const override { return last_epoch_; }
  int image_fd() const override { return -1; }
  uint64_t image_bytes() const override { return 0; }
  uint64_t heap_limit() const override { return kSlotSize; }
  bool is_pmem() const override { return pmem_; }
  Status commit(std::unique_ptr<EpochRecord> record) override {
    EXPECT_EQ(record->epoch(), last_epoch_ + 1);
    if (fail)
      return Status::error("device gone");
    EpochPayloadReader reader(record->payload(), kSlotSize);
    ImageRange range;
    std::lock_guard lock(mutex);
    while (reader.next(range)) {
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
  bool reserve(uint64_t, uint64_t) override { return true; }
  void pause_checkpoint(bool) override {}
  void abandon_after_fork() override {}
  Status close() override { return Status::ok(); }
  DurableImageStats stats() const override { return {}; }

  uint64_t word(size_t index) {
    std::lock_guard lock(mutex);
    return words[index];
  }

  bool fail = false;
  std::mutex mutex;
  std::vector<uint64_t> words = std::vector<uint64_t>(kWords);

private:
  bool pmem_;
  uint64_t last_epoch_ = 0;
};

class EpochsTest : public testing::TestWithParam<bool> {
protected:
  void SetUp() override {
    void *at = reinterpret_cast<void *>(kBase + kHeapOffset);
    memory_ =
        static_cast<uint64_t *>(mmap(at, kWords * 8, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
    ASSERT_EQ(memory_, at);
    epochs_->start(&image_, 0, false, [] {});
  }
  void TearDown() override {
    epochs_->stop();
    munmap(memory_, kWords * 8);
  }

  void store(size_t index, uint64_t value, uint32_t lane = 0) {
    memory_[index] = value;
    Mutator &mutator = Mutator::current();
    uint64_t slot;
    while (!((slot = std::atomic_ref<uint64_t>(perdure_thread.next[lane]).fetch_add(8)) &
             PERDURE_CHUNK_FIRST_MASK))
      mutator.set(lane).extend(&perdure_thread.next[lane]);
    std::atomic_ref<uint64_t>(*reinterpret_cast<uint64_t *>(slot))
        .store(reinterpret_cast<uint64_t>(&memory_[index]) << 16 | 8, std::memory_order_release);
  }
  bool sync() {
    uint64_t ticket = epochs_->ticket_to_wait_for();
    return ticket == 0 || epochs_->wait(ticket);
  }

  uint64_t *memory_ = nullptr;
  MemoryImage image_{GetParam()};
  std::unique_ptr<Epochs> epochs_ = std::make_unique<Epochs>();
};

INSTANTIATE_TEST_SUITE_P(Domains, EpochsTest, testing::Bool(),
                         [](const auto &info) { return info.param ? "PersistentMemory" : "File"; });

TEST_P(EpochsTest, WaitingMakesStoresDurable) {
  store(1, 42);
  EXPECT_TRUE(sync());
  EXPECT_EQ(image_.word(1), 42u);
}

TEST_P(EpochsTest, NothingToWaitForWhenClean) {
  EXPECT_EQ(epochs_->ticket_to_wait_for(), 0u);
  store(1, 42);
  EXPECT_NE(epochs_->ticket_to_wait_for(), 0u);
  sync();
  EXPECT_EQ(epochs_->ticket_to_wait_for(), 0u);
}

TEST_P(EpochsTest, RelaxedStoresAreNoReasonToWaitButGoAlong) {
  store(1, 42, PERDURE_LANE_RELAXED);
  EXPECT_EQ(epochs_->ticket_to_wait_for(), 0u);
  store(2, 43);
  sync();
  EXPECT_EQ(image_.word(1), 42u);
}

TEST_P(EpochsTest, TheValueAtTheCutCounts) {
  store(1, 42);
  memory_[1] = 43; // recorded already: the later value is what the cut copies
  sync();
  EXPECT_EQ(image_.word(1), 43u);
}

TEST_P(EpochsTest, AnOpenUnitKeepsTheCutOut) {
  std::atomic<int> step{0};
  std::thread writer([&] {
    Mutator::current().unit_begin();
    store(1, 1);
    step = 1;
    while (step != 2)
      std::this_thread::yield();
    store(2, 2);
    Mutator::current().unit_end();
    step = 3;
  });
  while (step != 1)
    std::this_thread::yield();
  std::thread waiter([&] { EXPECT_TRUE(sync()); });
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(image_.word(1), 0u) << "half a unit became durable";
  step = 2;
  waiter.join();
  writer.join();
  EXPECT_EQ(image_.word(1), 1u);
  EXPECT_EQ(image_.word(2), 2u);
}

TEST_P(EpochsTest, StopMakesNoUnfinishedUnitDurable) {
  std::atomic<int> step{0};
  std::thread writer([&] {
    Mutator::current().unit_begin();
    store(1, 1);
    step = 1;
    while (step != 2)
      std::this_thread::yield();
    Mutator::current().unit_end();
  });
  while (step != 1)
    std::this_thread::yield();
  epochs_->stop();
  EXPECT_EQ(image_.word(1), 0u);
  step = 2;
  writer.join();
}

TEST_P(EpochsTest, AThreadThatEndedLeavesItsStores) {
  std::thread([&] { store(1, 7); }).join();
  EXPECT_TRUE(sync());
  EXPECT_EQ(image_.word(1), 7u);
}

// Writers move amounts between words inside units; every durable state must keep the sum.
TEST_P(EpochsTest, EveryDurableStateIsBetweenUnits) {
  constexpr size_t kAccounts = 64;
  std::mutex accounts;
  std::atomic<bool> stop{false};
  auto work = [&](unsigned seed) {
    while (!stop) {
      Mutator::current().unit_begin();
      {
        std::lock_guard lock(accounts);
        size_t from = rand_r(&seed) % kAccounts, to = rand_r(&seed) % kAccounts;
        store(from, memory_[from] - 1);
        store(to, memory_[to] + 1);
      }
      Mutator::current().unit_end();
    }
  };
  std::thread first(work, 1), second(work, 2);
  for (int i = 0; i < 200; i++) {
    std::this_thread::sleep_for(1ms);
    sync();
    std::lock_guard lock(image_.mutex);
    uint64_t sum = 0;
    for (size_t account = 0; account < kAccounts; account++)
      sum += image_.words[account];
    ASSERT_EQ(sum, 0u);
  }
  stop = true;
  first.join();
  second.join();
}

TEST_P(EpochsTest, AFailedImageFailsEveryWaiter) {
  image_.fail = true;
  store(1, 1);
  EXPECT_FALSE(sync());
  EXPECT_TRUE(epochs_->failed());
}

TEST_P(EpochsTest, PausedUnitsLetTheCutThrough) {
  std::atomic<int> step{0};
  std::thread writer([&] {
    Mutator &mutator = Mutator::current();
    mutator.unit_begin();
    store(1, 1);
    mutator.pause();
    step = 1;
    while (step != 2)
      std::this_thread::yield();
    mutator.resume();
    EXPECT_EQ(mutator.depth(), 1u);
    mutator.unit_end();
  });
  while (step != 1)
    std::this_thread::yield();
  EXPECT_TRUE(sync());
  EXPECT_EQ(image_.word(1), 1u);
  step = 2;
  writer.join();
}

TEST_P(EpochsTest, SingleMutatorCommitsAtItsUnitsEnd) {
  Epochs::single_mutator = true;
  Mutator::current().unit_begin();
  store(1, 5);
  // The instance under test is not the process's: end the unit by hand.
  EXPECT_NE(epochs_->ticket_to_wait_for(), 0u);
  epochs_->commit_single();
  EXPECT_TRUE(epochs_->wait(epochs_->last_cut()));
  EXPECT_EQ(image_.word(1), 5u);
  Epochs::single_mutator = false;
  Mutator::current().unit_end();
}

} // namespace
} // namespace perdure
