// SPDX-License-Identifier: Apache-2.0
//
// The single mutator at a commit point where it waits for events: who makes durable what it has
// cut.
#include "epochs.h"
#include "memory_image.h"
#include <csignal>
#include <gtest/gtest.h>
#include <pthread.h>
#include <thread>

namespace perdure {
namespace {

using namespace std::chrono_literals;

class SingleMutatorTest : public testing::Test {
protected:
  void SetUp() override {
    words_.map();
    Epochs::single_mutator = true;
    epochs_->start(&image_, 0, false, [this](Sending sending) { sending_ = sending; });
  }
  void TearDown() override {
    epochs_->stop();
    Epochs::single_mutator = false;
    words_.unmap();
  }

  // A program that waits for events once before each cut: an update, the commit point, and a reply.
  void update(size_t index, uint64_t value) {
    wait(1);
    cut(index, value);
  }
  void cut(size_t index, uint64_t value) {
    words_.store(index, value);
    epochs_->commit_single();
    epochs_->demand(epochs_->last_cut());
  }
  // The wait, with READY events there. Returns the timeouts it was called with.
  std::vector<int> wait(int ready, int timeout = 1000) {
    std::vector<int> timeouts;
    const int result = epochs_->wait_for_events(timeout, [&](int ms) {
      timeouts.push_back(ms);
      return ready;
    });
    EXPECT_EQ(result, ready);
    return timeouts;
  }
  void wait_until_durable() { EXPECT_TRUE(epochs_->wait(epochs_->last_cut())); }
  bool committed_here() { return image_.committed_by == std::this_thread::get_id(); }

  WordsUnderTest words_;
  MemoryImage image_{false};
  std::atomic<Sending> sending_{Sending::kNone};
  std::unique_ptr<Epochs> epochs_ = std::make_unique<Epochs>();
};

TEST_F(SingleMutatorTest, ACutOfRelaxedUpdatesIsNotWaitedFor) {
  image_.hold_back();
  words_.store(1, 5, PERDURE_LANE_RELAXED);
  epochs_->commit_single(true);
  EXPECT_EQ(epochs_->ticket_to_wait_for(), 0u);
  EXPECT_NE(epochs_->ticket_to_wait_for(true), 0u);
  words_.store(2, 6);
  EXPECT_NE(epochs_->ticket_to_wait_for(), 0u);
  epochs_->commit_single();
  EXPECT_NE(epochs_->ticket_to_wait_for(), 0u) << "cut, but not durable yet";
  words_.store(1, 7, PERDURE_LANE_RELAXED);
  epochs_->commit_single(true);
  EXPECT_NE(epochs_->ticket_to_wait_for(), 0u) << "whatever was cut after it";
  image_.let_through();
  wait_until_durable();
  EXPECT_EQ(epochs_->ticket_to_wait_for(), 0u);
  EXPECT_EQ(image_.word(2), 6u);
}

TEST_F(SingleMutatorTest, RelaxedUpdatesAloneAreCutWhenThereAreMany) {
  const uint64_t before = epochs_->last_cut();
  words_.store(1, 5, PERDURE_LANE_RELAXED);
  epochs_->commit_single();
  EXPECT_EQ(epochs_->last_cut(), before);
  for (uint64_t i = 0; i < 1'200'000; i++)
    words_.store(i % 8, i, PERDURE_LANE_RELAXED);
  epochs_->commit_single();
  EXPECT_EQ(epochs_->last_cut(), before + 1);
}

TEST_F(SingleMutatorTest, WithNothingToDoItCommitsAndSendsItself) {
  uint64_t value = 0;
  do { // the committer may look by itself just now
    update(1, ++value);
    EXPECT_EQ(wait(0), (std::vector{0, 1000}));
    wait_until_durable();
    EXPECT_EQ(image_.word(1), value);
  } while (!committed_here() && value < 100);
  EXPECT_TRUE(committed_here());
  EXPECT_EQ(sending_, Sending::kAll);
  EXPECT_EQ(wait(0), std::vector{1000}) << "a wait with nothing cut before it";
}

TEST_F(SingleMutatorTest, EventsGoFirst) {
  image_.hold_back(); // a commit by this thread would hang
  update(1, 5);
  EXPECT_EQ(wait(3), std::vector{0});
  image_.let_through();
  wait_until_durable();
  EXPECT_FALSE(committed_here());
}

TEST_F(SingleMutatorTest, AWaitOfNoTimeLeavesItToTheCommitter) {
  image_.hold_back();
  update(1, 5);
  EXPECT_EQ(wait(0, 0), std::vector{0});
  image_.let_through();
  wait_until_durable();
  EXPECT_FALSE(committed_here());
}

TEST_F(SingleMutatorTest, ABusyDeviceIsLeftToTheCommitter) {
  image_.checkpointing = true;
  image_.hold_back();
  update(1, 5);
  EXPECT_EQ(wait(0), (std::vector{0, 1000}));
  image_.let_through();
  wait_until_durable();
  EXPECT_FALSE(committed_here());
}

TEST_F(SingleMutatorTest, ACommitUnderWayIsNotOvertaken) {
  image_.hold_back();
  update(1, 5);
  wait(1);
  std::this_thread::sleep_for(20ms); // the committer is in the image
  update(1, 6);
  EXPECT_EQ(wait(0), (std::vector{0, 1000}));
  image_.let_through();
  wait_until_durable();
  EXPECT_EQ(image_.word(1), 6u);
}

// A mutator that is far ahead of the device waits for it, and its signals come through meanwhile.
TEST_F(SingleMutatorTest, AWaitForTheDeviceLetsSignalsThrough) {
  static std::atomic<bool> handled;
  handled = false;
  struct sigaction action = {}, before;
  action.sa_handler = [](int) { handled = true; };
  sigaction(SIGUSR1, &action, &before);
  image_.hold_back();
  for (size_t index = 0; index < WordsUnderTest::kCount; index++)
    words_[index] = index * 0x9e3779b97f4a7c15u;
  std::atomic<uint64_t> cuts{0}, ended{0};
  std::thread mutator([&] {
    while (ended == 0) { // each cut seals half a mebibyte
      for (size_t index = 0; index < WordsUnderTest::kCount; index += 1024)
        words_.note(index, 8192);
      cuts++;
      epochs_->commit_single();
    }
  });
  for (uint64_t seen = 0; seen == 0 || cuts != seen; std::this_thread::sleep_for(200ms))
    seen = cuts; // until it makes no more
  pthread_kill(mutator.native_handle(), SIGUSR1);
  for (int ms = 0; ms < 2000 && !handled; ms++)
    std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(handled);
  ended = 1;
  image_.let_through();
  mutator.join();
  sigaction(SIGUSR1, &before, nullptr);
}

TEST_F(SingleMutatorTest, WithoutWaitsTheCommitterCommitsAtOnce) {
  update(1, 5);
  cut(1, 6);
  wait_until_durable();
  EXPECT_FALSE(committed_here());
  EXPECT_EQ(wait(0), std::vector{1000});
}

} // namespace
} // namespace perdure
