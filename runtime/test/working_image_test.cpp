// SPDX-License-Identifier: Apache-2.0
#include "heap_layout.h"
#include "temporary_directory.h"
#include "working_image.h"
#include <cstring>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

namespace perdure {
namespace {

char *at(uint64_t offset) { return reinterpret_cast<char *>(kBase + offset); }

class WorkingImageTest : public testing::Test {
protected:
  void SetUp() override {
    fd_ = open((directory_ / "image").c_str(), O_CREAT | O_RDWR, 0600);
    ASSERT_EQ(ftruncate(fd_, 8192), 0);
    ASSERT_EQ(pwrite(fd_, "durable", 8, 4096), 8);
  }
  void TearDown() override {
    unmap_working_image();
    close(fd_);
  }
  TemporaryDirectory directory_;
  int fd_ = -1;
};

TEST_F(WorkingImageTest, ShowsTheImageAndZerosBehindIt) {
  ASSERT_TRUE(map_working_image(fd_, 8192, kHeapOffset + (64 << 20)).is_ok());
  EXPECT_STREQ(at(4096), "durable");
  EXPECT_EQ(*at(8192), 0);
  *at(kHeapOffset + (64 << 20) - 1) = 1;
}

TEST_F(WorkingImageTest, StoresStayPrivate) {
  ASSERT_TRUE(map_working_image(fd_, 8192, kHeapOffset).is_ok());
  std::strcpy(at(4096), "private");
  char found[8];
  ASSERT_EQ(pread(fd_, found, 8, 4096), 8);
  EXPECT_STREQ(found, "durable");
}

TEST_F(WorkingImageTest, AVolatileSlotIsReplacedByAPool) {
  ASSERT_TRUE(map_volatile_image().is_ok());
  std::strcpy(at(4096), "volatile");
  ASSERT_TRUE(map_working_image(fd_, 8192, kHeapOffset + (64 << 20)).is_ok());
  EXPECT_STREQ(at(4096), "durable");
}

TEST_F(WorkingImageTest, ATakenSlotIsRefusedAndItsHolderNamed) {
  void *blocker = mmap(at(1 << 20), 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd_, 0);
  ASSERT_EQ(blocker, at(1 << 20));
  for (const Status &status :
       {slot_is_free(), map_volatile_image(), map_working_image(fd_, 8192, kHeapOffset)}) {
    ASSERT_FALSE(status.is_ok());
    EXPECT_NE(status.message().find(directory_ / "image"), std::string::npos) << status.message();
  }
  munmap(blocker, 4096);
  EXPECT_TRUE(slot_is_free().is_ok());
}

} // namespace
} // namespace perdure
