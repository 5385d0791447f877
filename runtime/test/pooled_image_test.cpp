// SPDX-License-Identifier: Apache-2.0
//
// A durable image on simulated and on real files: commit, reopen, failure.
#include "pooled_image.h"
#include "simulated_pool.h"
#include "temporary_directory.h"
#include <algorithm>
#include <fcntl.h>
#include <fstream>
#include <sys/wait.h>

namespace perdure {
namespace {

TEST(PooledImage, CommittedEpochsAreThereAfterACrash) {
  SimulatedStore store(kMemory);
  auto image = started(formatted_pool(store, 64 << 10));
  EXPECT_FALSE(image->recovered());
  ASSERT_TRUE(image->commit(record_of(1, 10, "one")).is_ok());
  ASSERT_TRUE(image->commit(record_of(2, 13, "two")).is_ok());
  auto after = crashed(store, [](size_t) { return false; });
  auto pool = reopened_pool(*after);
  ASSERT_TRUE(pool.is_ok());
  auto again = started(std::move(*pool));
  EXPECT_TRUE(again->recovered());
  EXPECT_EQ(again->last_epoch(), 2u);
  EXPECT_EQ(again->recovery().epochs, 2u);
  EXPECT_EQ(image_bytes_at(*file_in(*after, "image"), 10, 6), "onetwo");
}

TEST(PooledImage, AfterACloseNothingIsReplayed) {
  SimulatedStore store(kMemory);
  auto image = started(formatted_pool(store, 64 << 10));
  ASSERT_TRUE(image->commit(record_of(1, 10, "one")).is_ok());
  ASSERT_TRUE(image->close().is_ok());
  auto pool = reopened_pool(store);
  ASSERT_TRUE(pool.is_ok());
  EXPECT_TRUE(pool->superblock.flags & kSuperblockClean);
  auto again = started(std::move(*pool));
  EXPECT_TRUE(again->recovered());
  EXPECT_EQ(again->recovery().epochs, 0u);
  EXPECT_EQ(again->last_epoch(), 1u);
  EXPECT_EQ(again->image_bytes(), kSegmentSize);
}

TEST(PooledImage, ADeviceErrorFailsItForGood) {
  SimulatedStore store(kBlock);
  auto image = started(formatted_pool(store, 64 << 10));
  ASSERT_TRUE(image->commit(record_of(1, 0, "one")).is_ok());
  store.break_device();
  testing::internal::CaptureStderr();
  const Status first = image->commit(record_of(2, 0, "two"));
  const Status second = image->commit(record_of(2, 0, "two"));
  const std::string message = testing::internal::GetCapturedStderr();
  ASSERT_FALSE(first.is_ok());
  EXPECT_EQ(first.message(), second.message());
  EXPECT_EQ(image->last_epoch(), 1u);
  EXPECT_FALSE(image->close().is_ok());
  EXPECT_EQ(std::ranges::count(message, '\n'), 1) << message;
}

TEST(PooledImage, ADamagedLogIsRefusedAndNothingChanges) {
  SimulatedStore store(kMemory);
  auto image = started(formatted_pool(store, 64 << 10));
  for (uint64_t epoch = 1; epoch <= 3; ++epoch)
    ASSERT_TRUE(image->commit(record_of(epoch, 0, "x")).is_ok());
  const std::byte damage[64] = {};
  ASSERT_TRUE(file_in(store, "log")->write(kLogDataOffset + 64, damage).is_ok());
  auto pool = reopened_pool(store);
  ASSERT_TRUE(pool.is_ok());
  auto again = PooledImage::start(std::move(*pool), false);
  ASSERT_FALSE(again.is_ok());
  EXPECT_NE(again.status().message().find("damaged after epoch 1"), std::string::npos)
      << again.status().message();
  EXPECT_EQ(file_in(store, "image")->size(), 0u);
}

class RealPool : public testing::TestWithParam<bool> {
protected:
  RealPool() {
    options_.path = directory_ / "pool";
    options_.log_size = 256 << 10;
    options_.emulate_pmem = GetParam();
  }
  std::unique_ptr<DurableImage> open() {
    auto image = DurableImage::open(options_);
    EXPECT_TRUE(image.is_ok()) << image.status().message();
    return image ? std::move(*image) : nullptr;
  }
  static std::string bytes_in(int fd, uint64_t offset, uint64_t size) {
    std::string bytes(size, '?');
    EXPECT_EQ(pread(fd, bytes.data(), size, static_cast<off_t>(offset)),
              static_cast<ssize_t>(size));
    return bytes;
  }
  TemporaryDirectory directory_;
  PoolOptions options_;
};

TEST_P(RealPool, IsCreatedAndContinued) {
  uint64_t epoch = 0;
  for (int run = 0; run < 4; ++run) {
    auto image = open();
    ASSERT_NE(image, nullptr);
    EXPECT_EQ(image->is_pmem(), GetParam());
    EXPECT_EQ(image->last_epoch(), epoch);
    EXPECT_EQ(image->recovered(), run != 0);
    if (epoch != 0) {
      EXPECT_EQ(bytes_in(image->image_fd(), kHeapOffset + epoch * 100, 1000),
                std::string(1000, static_cast<char>(epoch)));
    }
    for (int i = 0; i < 500; ++i) {
      epoch++;
      ASSERT_TRUE(image
                      ->commit(record_of(epoch, kHeapOffset + epoch * 100,
                                         std::string(1000, static_cast<char>(epoch))))
                      .is_ok());
    }
    if (run % 2 == 0) {
      ASSERT_TRUE(image->close().is_ok());
    }
  }
}

// What an opener that refuses the pool may have looked at, and must not have changed.
TEST_P(RealPool, ARefusedPoolIsUnchangedAndItsMetadataWereAsRecoveryLeavesThem) {
  ASSERT_TRUE(open()->commit(record_of(1, 100, "before")).is_ok()); // checkpointed at the close
  ASSERT_TRUE(open()->close().is_ok());
  {
    auto image = open();
    image->pause_checkpoint(true);
    ASSERT_TRUE(image->commit(record_of(2, 106, "after")).is_ok()); // in the log only
  }
  auto contents = [&] {
    std::string all;
    for (const char *name : {"superblock", "image", "log"}) {
      std::ifstream file(options_.path + "/" + name, std::ios::binary);
      all.append(std::istreambuf_iterator<char>(file), {});
    }
    return all;
  };
  const std::string kept = contents();
  std::string seen;
  auto image = DurableImage::open(options_, [&](std::byte *base) {
    seen.assign(reinterpret_cast<const char *>(base) + 100, 11);
    return Status::error("refused");
  });
  ASSERT_FALSE(image.is_ok());
  EXPECT_EQ(image.status().message(), "refused");
  EXPECT_EQ(seen, "beforeafter");
  EXPECT_TRUE(contents() == kept);
}

TEST_P(RealPool, APoolOfAnOlderVersionIsBroughtToThisOne) {
  ASSERT_TRUE(open()->close().is_ok());
  auto version = [&](uint32_t set) {
    PoolOptions options = options_;
    auto pool = open_pool(options);
    EXPECT_TRUE(pool.is_ok());
    const uint32_t found = pool->superblock.version;
    pool->superblock.version = set ? set : found;
    EXPECT_TRUE(store_superblock(*pool->superblock_file, pool->superblock).is_ok());
    return found;
  };
  version(1);
  EXPECT_EQ(version(0), 1u);
  ASSERT_TRUE(open()->close().is_ok());
  EXPECT_EQ(version(0), kPoolVersion);
}

TEST_P(RealPool, ALogTooSmallForAnEpochGrows) {
  auto image = open();
  std::string big(3 << 20, '\0');
  for (size_t i = 0; i < big.size(); ++i)
    big[i] = static_cast<char>(i * 2654435761u >> 13);
  ASSERT_TRUE(image->commit(record_of(1, 0, big)).is_ok());
  EXPECT_EQ(image->stats().log_grown, 1u);
  image.reset();
  image = open();
  EXPECT_EQ(image->last_epoch(), 1u);
  EXPECT_EQ(bytes_in(image->image_fd(), 0, big.size()), big);
}

TEST_P(RealPool, AForkedChildLetsGoOfIt) {
  auto image = open();
  ASSERT_TRUE(image->commit(record_of(1, 0, "one")).is_ok());
  image->pause_checkpoint(true);
  const pid_t child = fork();
  if (child == 0) {
    image->abandon_after_fork();
    image.reset();
    _exit(0);
  }
  int result;
  waitpid(child, &result, 0);
  EXPECT_EQ(result, 0);
  image->pause_checkpoint(false);
  EXPECT_EQ(PoolLock::holder(options_.path), getpid());
  ASSERT_TRUE(image->commit(record_of(2, 0, "two")).is_ok());
  EXPECT_TRUE(image->close().is_ok());
}

TEST_P(RealPool, ClosesWhileAForkedChildLives) {
  auto image = open();
  ASSERT_TRUE(image->commit(record_of(1, 0, "one")).is_ok());
  image->pause_checkpoint(true);
  alarm(10); // it used to wait for the child
  EXPECT_TRUE(image->close().is_ok());
  alarm(0);
  image.reset();
  image = open();
  EXPECT_EQ(image->last_epoch(), 1u);
}

TEST_P(RealPool, CanBeOpenedInAnotherDomain) {
  auto image = open();
  ASSERT_TRUE(image->commit(record_of(1, 0, "one")).is_ok());
  image.reset();
  options_.emulate_pmem = !options_.emulate_pmem;
  for (uint64_t epoch = 2; epoch < 6; ++epoch) {
    image = open();
    ASSERT_NE(image, nullptr);
    EXPECT_EQ(image->last_epoch(), epoch - 1);
    ASSERT_TRUE(image->commit(record_of(epoch, 0, "two")).is_ok());
    if (epoch > 3) {
      ASSERT_TRUE(image->close().is_ok());
    }
    image.reset();
  }
}

INSTANTIATE_TEST_SUITE_P(Domains, RealPool, testing::Bool(),
                         [](const auto &info) { return info.param ? "pmem" : "file"; });

} // namespace
} // namespace perdure
