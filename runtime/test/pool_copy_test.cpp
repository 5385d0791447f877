// SPDX-License-Identifier: Apache-2.0
//
// Copying a pool while it is written: whatever the moment, the copy is the state of one epoch.
// Epoch N moves an amount between two of some words far apart, as a function of N alone, so the
// state after any epoch is known.
#include "pool_copy.h"
#include "simulated_pool.h"
#include "temporary_directory.h"
#include <csignal>
#include <filesystem>
#include <sys/resource.h>
#include <thread>

namespace perdure {
namespace {

constexpr uint64_t kWords = 256;
constexpr uint64_t kDistance = 40 << 10; // bytes from one word to the next: some share no page

using State = std::vector<uint64_t>; // the words; the last is the epoch

uint64_t mixed(uint64_t n) { return (n * 0x9e3779b97f4a7c15) >> 20; }

void step(State &state, uint64_t epoch) {
  state[mixed(epoch) % kWords] -= epoch;
  state[mixed(epoch + 1) % kWords] += epoch;
  state[kWords] = epoch;
}

EpochRecord step_record(State &state, uint64_t epoch) {
  step(state, epoch);
  EpochRecord record(epoch);
  for (const uint64_t word : {mixed(epoch) % kWords, mixed(epoch + 1) % kWords, kWords})
    record.add(word * kDistance, &state[word], sizeof(uint64_t));
  return record;
}

class PoolCopyTest : public testing::TestWithParam<bool> {
protected:
  PoolCopyTest() {
    options_.path = directory_ / "pool";
    options_.log_size = 256 << 10;
    options_.emulate_pmem = GetParam();
  }
  std::unique_ptr<DurableImage> open(const PoolOptions &options) {
    auto image = DurableImage::open(options);
    EXPECT_TRUE(image.is_ok()) << image.status().message();
    return image ? std::move(*image) : nullptr;
  }
  Status copy(const std::string &to, CopyReport *report, const CopyProgress &progress = nullptr) {
    auto source = PoolCopy::open(options_.path);
    if (!source)
      return source.status();
    PoolOptions options;
    options.path = directory_ / to;
    options.log_size = 256 << 10;
    Status status = create_pool(options, [&](StableFile &image, Superblock &superblock) {
      return (*source)->run(image, superblock, directory_.path(), progress);
    });
    *report = (*source)->report();
    return status;
  }
  // What the pool holds, opened as a program opens it.
  State state_of(const std::string &name, uint64_t *epoch) {
    PoolOptions options;
    options.path = directory_ / name;
    auto image = open(options);
    State state(kWords + 1);
    if (!image)
      return state;
    *epoch = image->last_epoch();
    for (uint64_t word = 0; word <= kWords; ++word)
      EXPECT_EQ(pread(image->image_fd(), &state[word], sizeof(uint64_t),
                      static_cast<off_t>(word * kDistance)),
                8);
    return state;
  }

  TemporaryDirectory directory_;
  PoolOptions options_;
};

TEST_P(PoolCopyTest, IsTheLastStateOfAPoolThatNobodyHasOpen) {
  State state(kWords + 1);
  {
    auto image = open(options_);
    for (uint64_t epoch = 1; epoch <= 100; ++epoch) {
      ASSERT_TRUE(image->commit(step_record(state, epoch)).is_ok());
      if (epoch == 50)
        image->pause_checkpoint(true); // the second half stays in the log
    }
  }
  CopyReport report;
  const Status status = copy("copy", &report);
  ASSERT_TRUE(status.is_ok()) << status.message();
  EXPECT_EQ(report.epoch, 100u);
  EXPECT_EQ(report.starts, 1u);
  EXPECT_GE(report.epochs, 50u);
  uint64_t epoch = 0;
  EXPECT_EQ(state_of("copy", &epoch), state);
  EXPECT_EQ(epoch, 100u);
  auto source = inspect_pool(directory_ / "pool"), copied = inspect_pool(directory_ / "copy");
  ASSERT_TRUE(source.is_ok() && copied.is_ok());
  EXPECT_NE(std::memcmp(source->superblock.uuid, copied->superblock.uuid, 16), 0);
  EXPECT_EQ(copied->superblock.heap_limit, source->superblock.heap_limit);
}

TEST_P(PoolCopyTest, AnEmptyPoolHasAnEmptyCopy) {
  ASSERT_TRUE(create_pool(options_).is_ok());
  CopyReport report;
  ASSERT_TRUE(copy("copy", &report).is_ok());
  PoolOptions options;
  options.path = directory_ / "copy";
  EXPECT_FALSE(open(options)->recovered());
}

// With a log of some thousand epochs it wraps many times.
TEST_P(PoolCopyTest, IsTheStateOfOneEpochWhileThePoolIsWritten) {
  std::atomic<bool> stop = false;
  std::atomic<uint64_t> durable = 0;
  std::thread writer([&] {
    State state(kWords + 1);
    auto image = open(options_);
    for (uint64_t epoch = 1; !stop; ++epoch) {
      // A few openings meanwhile: every run starts with a recovery.
      if (epoch % 5000 == 0) {
        image.reset();
        image = open(options_);
      }
      if (!image || !image->commit(step_record(state, epoch)).is_ok())
        break;
      durable = epoch;
    }
  });
  while (durable < 100)
    std::this_thread::yield();
  State model(kWords + 1);
  uint64_t modelled = 0;
  for (int i = 0; i < 12; ++i) {
    const std::string name = "copy" + std::to_string(i);
    const uint64_t before = durable;
    CopyReport report;
    const Status status = copy(name, &report);
    EXPECT_TRUE(status.is_ok()) << status.message();
    if (!status)
      break;
    EXPECT_GE(report.epoch, before);
    uint64_t epoch = 0;
    const State state = state_of(name, &epoch);
    EXPECT_EQ(epoch, report.epoch);
    while (modelled < epoch)
      step(model, ++modelled);
    EXPECT_EQ(state, model) << "copy " << i << ", epoch " << epoch;
    std::filesystem::remove_all(directory_ / name);
  }
  stop = true;
  writer.join();
}

TEST_P(PoolCopyTest, LeavesNothingWhenTheDiskIsFull) {
  {
    State state(kWords + 1);
    auto image = open(options_);
    for (uint64_t epoch = 1; epoch <= 100; ++epoch)
      ASSERT_TRUE(image->commit(step_record(state, epoch)).is_ok());
  }
  signal(SIGXFSZ, SIG_IGN);
  rlimit before, limit;
  getrlimit(RLIMIT_FSIZE, &before);
  limit = before;
  limit.rlim_cur = 4 << 20;
  setrlimit(RLIMIT_FSIZE, &limit);
  CopyReport report;
  const Status status = copy("copy", &report);
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_FALSE(status.is_ok());
  EXPECT_FALSE(std::filesystem::exists(directory_ / "copy"));
  EXPECT_FALSE(std::filesystem::exists(directory_ / "copy.new"));
}

TEST_P(PoolCopyTest, CanBeStoppedAndLeavesNothing) {
  {
    State state(kWords + 1);
    auto image = open(options_);
    ASSERT_TRUE(image->commit(step_record(state, 1)).is_ok());
    ASSERT_TRUE(image->close().is_ok());
  }
  CopyReport report;
  const Status status =
      copy("copy", &report, [](uint64_t, uint64_t) { return Status::error("stopped"); });
  ASSERT_FALSE(status.is_ok());
  EXPECT_EQ(status.message(), "stopped");
  EXPECT_FALSE(std::filesystem::exists(directory_ / "copy.new"));
}

INSTANTIATE_TEST_SUITE_P(Domains, PoolCopyTest, testing::Bool(),
                         [](const auto &info) { return info.param ? "pmem" : "file"; });

} // namespace
} // namespace perdure
