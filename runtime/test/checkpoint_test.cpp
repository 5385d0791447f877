// SPDX-License-Identifier: Apache-2.0
#include "simulated_pool.h"
#include <thread>

namespace perdure {
namespace {

TEST(Checkpoint, AFullLogIsCheckpointedAndUsedAgain) {
  SimulatedStore store(kMemory);
  auto image = started(formatted_pool(store, 8 << 10));
  for (uint64_t epoch = 1; epoch <= 300; ++epoch)
    ASSERT_TRUE(image->commit(record_of(epoch, epoch * 64, std::string(200, 'x'))).is_ok());
  EXPECT_GT(image->stats().log_waits, 0u);
  EXPECT_GT(image->stats().checkpoints, 0u);
}

TEST(Checkpoint, BackPressureWaitsForTheThread) {
  SimulatedStore store(kMemory);
  auto started = PooledImage::start(formatted_pool(store, 8 << 10), true);
  ASSERT_TRUE(started.is_ok());
  for (uint64_t epoch = 1; epoch <= 500; ++epoch)
    ASSERT_TRUE((*started)->commit(record_of(epoch, epoch * 64, std::string(200, 'x'))).is_ok());
  EXPECT_TRUE((*started)->close().is_ok());
  EXPECT_GT((*started)->stats().checkpoints, 0u);
}

TEST(Checkpoint, PausedItLeavesTheImageAlone) {
  SimulatedStore store(kMemory);
  auto image = started(formatted_pool(store, 64 << 10));
  image->pause_checkpoint(true);
  ASSERT_TRUE(image->commit(record_of(1, 0, "one")).is_ok());
  EXPECT_FALSE(image->checkpoint_now().is_ok()) << "nothing could be done";
  EXPECT_EQ(file_in(store, "image")->size(), 0u);
  image->pause_checkpoint(false);
  EXPECT_TRUE(image->checkpoint_now().is_ok());
  EXPECT_EQ(image_bytes_at(*file_in(store, "image"), 0, 3), "one");
}

TEST(Checkpoint, PausedWithAThreadACommitterWaitsAndGoesOn) {
  SimulatedStore store(kMemory);
  auto image = PooledImage::start(formatted_pool(store, 8 << 10), true);
  ASSERT_TRUE(image.is_ok());
  (*image)->pause_checkpoint(true);
  std::thread committer([&] {
    for (uint64_t epoch = 1; epoch <= 100; ++epoch)
      ASSERT_TRUE((*image)->commit(record_of(epoch, 0, std::string(200, 'x'))).is_ok());
  });
  while ((*image)->stats().log_waits == 0)
    std::this_thread::yield();
  EXPECT_EQ((*image)->stats().checkpoints, 0u);
  (*image)->pause_checkpoint(false);
  committer.join();
  EXPECT_EQ((*image)->last_epoch(), 100u);
}

} // namespace
} // namespace perdure
