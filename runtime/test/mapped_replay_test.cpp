// SPDX-License-Identifier: Apache-2.0
//
// Replay through a mapping of a real file, compared with a model to which ranges are applied one by
// one.
#include "epoch_record.h"
#include "mapped_replay.h"
#include "temporary_directory.h"
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <sys/stat.h>

namespace perdure {
namespace {

class MappedReplayTest : public testing::Test {
protected:
  static constexpr uint64_t kSize = 300'000; // not a multiple of a page

  void make_image(uint64_t size) {
    const std::string path = directory_.path() + "/image";
    std::ofstream(path).flush();
    image_ = std::move(*open_buffered(path, Access::kReadWrite));
    ASSERT_TRUE(image_->resize(size).is_ok());
  }
  std::string content() {
    std::string found(kSize, '?');
    EXPECT_TRUE(image_->read(0, std::as_writable_bytes(std::span(found))).is_ok());
    return found;
  }

  TemporaryDirectory directory_;
  std::unique_ptr<StableFile> image_;
};

TEST_F(MappedReplayTest, EqualsApplyingRangeByRange) {
  std::mt19937_64 random(5);
  make_image(kSize);
  std::string model(kSize, '\0');
  for (int turn = 0; turn < 20; ++turn) {
    MappedReplay replay(*image_, kSize);
    for (uint64_t epoch = 0; epoch < 20; ++epoch) {
      EpochRecord record(epoch);
      for (uint64_t range = 0; range < random() % 30; ++range) {
        const uint64_t length = 1 + random() % (random() % 10 == 0 ? 150'000 : 40);
        const uint64_t offset = random() % (kSize - length);
        const std::string bytes(length, static_cast<char>(random() % 3));
        record.add(offset, bytes.data(), length);
        model.replace(offset, length, bytes);
      }
      ASSERT_TRUE(replay.apply(record.payload()).is_ok());
    }
    ASSERT_EQ(content(), model) << "turn " << turn;
  }
}

TEST_F(MappedReplayTest, ZerosLeaveHolesAlone) {
  make_image(64 << 20);
  MappedReplay replay(*image_, 1ull << 40);
  const std::vector<char> zeros(50 << 20);
  EpochRecord record(1);
  record.add(1 << 20, zeros.data(), zeros.size());
  record.add(60 << 20, zeros.data(), zeros.size()); // reaches past the end of the file
  ASSERT_TRUE(replay.apply(record.payload()).is_ok());
  struct stat info;
  ASSERT_EQ(fstat(image_->fd(), &info), 0);
  EXPECT_EQ(info.st_size, 64 << 20);
  EXPECT_LT(info.st_blocks, 100);
}

// A failing page is an error with a reason, not a signal: the file is cut off behind the mapping.
TEST_F(MappedReplayTest, APageThatCannotBeWrittenIsAnError) {
  make_image(1 << 20);
  MappedReplay replay(*image_, 1ull << 40);
  ASSERT_TRUE(image_->resize(4096).is_ok());
  EpochRecord record(1);
  record.add(500'000, "x", 1);
  const Status status = replay.apply(record.payload());
  ASSERT_FALSE(status.is_ok());
  EXPECT_NE(status.message().find("image"), std::string::npos) << status.message();
}

} // namespace
} // namespace perdure
