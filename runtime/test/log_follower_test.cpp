// SPDX-License-Identifier: Apache-2.0
//
// Following a log that is written meanwhile: growth, laps, fresh runs, torn appends, damage.
#include "log_follower.h"
#include "simulated_pool.h"

namespace perdure {
namespace {

using Found = LogFollower::Found;

class LogFollowerTest : public testing::Test {
protected:
  static constexpr uint64_t kLog = 16 << 10;

  LogFollowerTest() {
    image_ = started(formatted_pool(store_, kLog));
    superblock_ = file_in(store_, "superblock");
    log_ = file_in(store_, "log");
  }

  LogFollower follower() {
    auto from = load_settled_superblock(*superblock_);
    EXPECT_TRUE(from.is_ok());
    return LogFollower(*superblock_, *log_, *from);
  }
  void commit(uint64_t size = 10) {
    const uint64_t epoch = image_->last_epoch() + 1;
    std::string bytes(size, 'x'); // no run of one byte, which would be logged as a fill
    for (size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<char>(i * 7 + epoch);
    ASSERT_TRUE(image_->commit(record_of(epoch, 0, bytes)).is_ok());
  }
  static Found next(LogFollower &follower) {
    std::span<const std::byte> payload;
    return follower.next(payload);
  }
  static Found confirm_end(LogFollower &follower) {
    std::span<const std::byte> payload;
    return follower.confirm_end(payload);
  }

  SimulatedStore store_{kMemory};
  std::unique_ptr<PooledImage> image_;
  std::unique_ptr<StableFile> superblock_;
  std::unique_ptr<StableFile> log_;
};

TEST_F(LogFollowerTest, FindsWhatIsAppendedAfterAnEnd) {
  LogFollower follower = this->follower();
  EXPECT_EQ(next(follower), Found::kEnd);
  for (uint64_t epoch = 1; epoch <= 3; ++epoch) {
    commit();
    EXPECT_EQ(next(follower), Found::kEpoch);
    EXPECT_EQ(follower.epoch(), epoch);
    EXPECT_EQ(next(follower), Found::kEnd);
  }
  EXPECT_EQ(confirm_end(follower), Found::kEnd);
}

TEST_F(LogFollowerTest, FollowsManyLaps) {
  LogFollower follower = this->follower();
  for (uint64_t epoch = 1; epoch <= 300; ++epoch) {
    commit(epoch * 37 % 900);
    ASSERT_EQ(next(follower), Found::kEpoch) << epoch;
    if (epoch % 3 == 0) {
      ASSERT_EQ(next(follower), Found::kEnd) << epoch;
    }
  }
  EXPECT_EQ(follower.epoch(), 300u);
}

TEST_F(LogFollowerTest, StillReadsWhatWasCheckpointedButNotOverwritten) {
  LogFollower follower = this->follower();
  commit();
  commit();
  ASSERT_TRUE(image_->checkpoint_now().is_ok());
  EXPECT_EQ(next(follower), Found::kEpoch);
  EXPECT_EQ(next(follower), Found::kEpoch);
  EXPECT_EQ(next(follower), Found::kEnd);
}

TEST_F(LogFollowerTest, NoticesThatItWasLapped) {
  for (const bool checkpointed : {false, true}) {
    LogFollower follower = this->follower();
    commit();
    EXPECT_EQ(next(follower), Found::kEpoch);
    for (int i = 0; i < 40; ++i)
      commit(700); // more than the log holds
    if (checkpointed) {
      ASSERT_TRUE(image_->checkpoint_now().is_ok());
    }
    Found found;
    do // what was read ahead is as good as ever
      found = next(follower);
    while (found == Found::kEpoch);
    EXPECT_EQ(found, Found::kLapped);
    EXPECT_LT(follower.epoch() + 10, image_->last_epoch());
  }
}

TEST_F(LogFollowerTest, GoesOnInALogThatHasGrown) {
  LogFollower follower = this->follower();
  commit();
  EXPECT_EQ(next(follower), Found::kEpoch);
  commit(3 * kLog);
  EXPECT_EQ(image_->stats().log_grown, 1u);
  EXPECT_EQ(next(follower), Found::kEpoch);
  EXPECT_GT(follower.capacity(), 3 * kLog);
  commit();
  EXPECT_EQ(next(follower), Found::kEpoch);
  EXPECT_EQ(next(follower), Found::kEnd);
  EXPECT_EQ(follower.epoch(), 3u);
}

TEST_F(LogFollowerTest, IsLappedByALogThatGrowsOverWhatItHasNotRead) {
  LogFollower follower = this->follower();
  commit();
  commit(3 * kLog);
  EXPECT_EQ(next(follower), Found::kLapped);
}

TEST_F(LogFollowerTest, FollowsIntoAFreshRun) {
  LogFollower follower = this->follower();
  commit();
  image_.reset(); // killed
  auto pool = reopened_pool(store_);
  ASSERT_TRUE(pool.is_ok());
  image_ = started(std::move(*pool));
  commit();
  EXPECT_EQ(next(follower), Found::kEpoch);
  EXPECT_EQ(next(follower), Found::kEpoch);
  EXPECT_EQ(next(follower), Found::kEnd);
  EXPECT_EQ(follower.epoch(), 2u);
}

TEST_F(LogFollowerTest, AnAppendInProgressIsAnEndForNow) {
  commit(300);
  std::vector<std::byte> bytes(kLogDataOffset + kLog);
  ASSERT_TRUE(log_->read(0, bytes).is_ok());
  SimulatedStore other(kBlock);
  auto log = other.open("log");
  ASSERT_TRUE(log->resize(bytes.size()).is_ok());
  auto from = load_settled_superblock(*superblock_);
  ASSERT_TRUE(from.is_ok());
  LogFollower follower(*superblock_, *log, *from);
  for (uint64_t size = 0; size <= 320; size += 64) { // header, word and payload: 356 bytes
    ASSERT_TRUE(log->write(0, std::span(bytes).first(kLogDataOffset + size)).is_ok());
    EXPECT_EQ(next(follower), Found::kEnd) << size;
  }
  ASSERT_TRUE(log->write(0, bytes).is_ok());
  EXPECT_EQ(next(follower), Found::kEpoch);
}

TEST_F(LogFollowerTest, ADamagedLogIsNotTakenForItsEnd) {
  LogFollower follower = this->follower();
  for (int i = 0; i < 3; ++i)
    commit();
  const std::byte damage[64] = {};
  ASSERT_TRUE(file_in(store_, "log")->write(kLogDataOffset + 128, damage).is_ok());
  EXPECT_EQ(next(follower), Found::kEpoch);
  EXPECT_EQ(next(follower), Found::kEnd);
  EXPECT_EQ(confirm_end(follower), Found::kFailed);
  EXPECT_NE(follower.status().message().find("damaged after epoch 1"), std::string::npos);
}

TEST_F(LogFollowerTest, WhatIsAppendedAfterTheEndIsNotTakenForDamage) {
  LogFollower follower = this->follower();
  EXPECT_EQ(next(follower), Found::kEnd);
  for (int i = 0; i < 3; ++i)
    commit(3000);
  EXPECT_EQ(confirm_end(follower), Found::kEpoch);
  EXPECT_EQ(follower.epoch(), 1u);
}

} // namespace
} // namespace perdure
