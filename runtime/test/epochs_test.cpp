// SPDX-License-Identifier: Apache-2.0
//
// Epochs over an image kept in memory: what a cut takes, when, and who waits for whom.
#include "epoch_payload.h"
#include "epochs.h"
#include "heap_layout.h"
#include "memory_image.h"
#include <cstring>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace perdure {
namespace {

using namespace std::chrono_literals;

class EpochsTest : public testing::TestWithParam<bool> {
protected:
  void SetUp() override {
    words_.map();
    epochs_->start(&image_, 0, false, [](Sending) {});
  }
  void TearDown() override {
    epochs_->stop();
    words_.unmap();
  }

  void store(size_t index, uint64_t value, uint32_t lane = 0) { words_.store(index, value, lane); }
  bool sync() {
    uint64_t ticket = epochs_->ticket_to_wait_for();
    return ticket == 0 || epochs_->wait(ticket);
  }

  WordsUnderTest words_;
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
  words_[1] = 43; // recorded already: the later value is what the cut copies
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

// The cutter copies ahead while the unit is open; what the unit stores after that must count, in a
// line copied already and in a long range over it.
TEST_P(EpochsTest, WhatAUnitStoresAfterItWasCopiedAheadIsCut) {
  for (uint64_t round = 1; round <= 20; round++) {
    std::atomic<bool> stored{false};
    std::thread writer([&] {
      Mutator::current().unit_begin();
      store(1, round);
      store(1024, round);
      stored = true;
      while (!Epochs::cut_pending)
        std::this_thread::yield();
      store(1, round + 100);
      words_[1024] = round + 100;
      words_[1536] = round + 200;
      words_.note(1024, 8192);
      Mutator::current().unit_end();
    });
    while (!stored)
      std::this_thread::yield();
    EXPECT_TRUE(sync());
    writer.join();
    EXPECT_TRUE(sync());
    EXPECT_EQ(image_.word(1), round + 100);
    EXPECT_EQ(image_.word(1024), round + 100);
    EXPECT_EQ(image_.word(1536), round + 200);
  }
}

// As in ported source, where nothing runs after the store: a cut falls between entry and store.
TEST_P(EpochsTest, AStoreAfterItsEntryAndACutIsInALaterEpoch) {
  words_.note(1, 8, PERDURE_LANE_AHEAD);
  words_.note(2, 8, PERDURE_LANE_AHEAD_RELAXED);
  std::thread([&] {
    store(3, 1);
    EXPECT_TRUE(sync());
  }).join();
  EXPECT_EQ(image_.word(3), 1u);
  words_[1] = 42;
  words_[2] = 43;
  Mutator::current().unit_begin();
  Mutator::current().unit_end();
  EXPECT_TRUE(sync());
  EXPECT_EQ(image_.word(1), 42u) << "the entry was taken before its store";
  EXPECT_EQ(image_.word(2), 43u);
  EXPECT_EQ(epochs_->ticket_to_wait_for(), 0u) << "its unit has ended: nothing is kept";
}

// It happened before the other thread's unit, which may reveal it, although its own thread says
// nothing more.
TEST_P(EpochsTest, AStoreOfAThreadThatHasNotSettledIsInTheCutOfWhoSawIt) {
  std::atomic<int> step{0};
  std::thread writer([&] {
    words_.note(1, 8, PERDURE_LANE_AHEAD);
    words_[1] = 42;
    step = 1;
    while (step != 2)
      std::this_thread::yield();
  });
  while (step != 1)
    std::this_thread::yield();
  store(2, words_[1]);
  EXPECT_TRUE(sync());
  EXPECT_EQ(image_.word(1), 42u);
  step = 2;
  writer.join();
}

TEST_P(EpochsTest, AThreadThatRestsAfterItsUnitKeepsNobodyWaiting) {
  std::atomic<int> step{0};
  std::thread resting([&] {
    Mutator::current().unit_begin();
    words_.note(1, 8, PERDURE_LANE_AHEAD);
    words_[1] = 42;
    Mutator::current().unit_end();
    step = 1;
    while (step != 2)
      std::this_thread::yield();
  });
  while (step != 1)
    std::this_thread::yield();
  EXPECT_TRUE(sync());
  EXPECT_EQ(image_.word(1), 42u);
  EXPECT_EQ(epochs_->ticket_to_wait_for(), 0u);
  step = 2;
  resting.join();
}

TEST_P(EpochsTest, AHandlersUnitDoesNotSettleWhatItInterrupted) {
  words_.note(1, 8, PERDURE_LANE_AHEAD);
  Mutator::in_handler = 1; // the signal comes between the entry and its store
  Mutator::current().unit_begin();
  store(2, 1);
  Mutator::current().unit_end();
  EXPECT_TRUE(sync());
  Mutator::in_handler = 0;
  words_[1] = 42;
  EXPECT_TRUE(sync());
  EXPECT_EQ(image_.word(1), 42u);
}

TEST_P(EpochsTest, RelaxedEntriesAheadAreNoReasonToWait) {
  words_.note(1, 8, PERDURE_LANE_AHEAD_RELAXED);
  EXPECT_EQ(epochs_->ticket_to_wait_for(), 0u);
  words_.note(2, 8, PERDURE_LANE_AHEAD);
  EXPECT_NE(epochs_->ticket_to_wait_for(), 0u);
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
        store(from, words_[from] - 1);
        store(to, words_[to] + 1);
      }
      Mutator::current().unit_end();
    }
  };
  std::thread first(work, 1), second(work, 2);
  for (int i = 0; i < 50; i++) {
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

// Entries are taken before the cut, while mutators run: till then the updates are pending.
TEST_P(EpochsTest, AnUpdateTakenEarlyIsNotDurableYet) {
  std::atomic<bool> stop{false};
  std::thread cutter([&] {
    while (!stop)
      epochs_->wait(epochs_->last_cut() + 1); // finds nothing dirty at its start, mostly
  });
  uint64_t early = 0;
  auto end = std::chrono::steady_clock::now() + 500ms;
  for (uint64_t i = 1; std::chrono::steady_clock::now() < end; i++) {
    sync();
    Mutator::current().unit_begin();
    store(1, i);
    if (epochs_->ticket_to_wait_for() == 0) // nothing is durable before the unit ends
      early++;
    Mutator::current().unit_end();
  }
  stop = true;
  store(1, 0);
  cutter.join();
  EXPECT_EQ(early, 0u);
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

TEST_P(EpochsTest, TheCommitterSleepsUntilASingleMutatorCuts) {
  epochs_->stop(); // the committer reads it
  Epochs::single_mutator = true;
  epochs_->start(&image_, 0, false, [](Sending) {});
  store(1, 5);
  epochs_->demand(epochs_->ticket_to_wait_for());
  timespec before, after;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
  std::this_thread::sleep_for(200ms);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
  auto used = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
  EXPECT_LT(used, 20);
  epochs_->commit_single();
  EXPECT_TRUE(epochs_->wait(epochs_->last_cut()));
  EXPECT_EQ(image_.word(1), 5u);
  epochs_->stop();
  Epochs::single_mutator = false;
}

// A daemon goes on with its parent's pool.
TEST_P(EpochsTest, AForkedChildCanStartAgain) {
  std::this_thread::sleep_for(10ms); // the committer waits
  epochs_->lock_for_fork();
  pid_t child = fork();
  epochs_->unlock_after_fork(child == 0);
  if (child == 0) {
    alarm(5);
    epochs_->lock_for_fork(); // and as if in a child of the child
    epochs_->unlock_after_fork(true);
    Mutator::keep_only_current();
    epochs_->start(&image_, 0, false, [](Sending) {});
    for (uint64_t i = 1; i <= 50; i++) {
      store(1, i);
      sync();
    }
    _exit(image_.word(1) == 50 ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

} // namespace
} // namespace perdure
