// SPDX-License-Identifier: Apache-2.0
#include "persist.h"
#include "temporary_directory.h"
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

namespace perdure {
namespace {

std::string read_back(const StableFile &file, uint64_t offset, uint64_t size) {
  std::string bytes(size, '?');
  EXPECT_TRUE(file.read(offset, std::as_writable_bytes(std::span(bytes))).is_ok());
  return bytes;
}

std::span<const std::byte> bytes_of(const std::string &text) {
  return std::as_bytes(std::span(text));
}

// Every domain must behave alike; PARAM names it.
class DomainTest : public testing::TestWithParam<std::string> {
protected:
  void SetUp() override {
    const std::string path = directory_ / "file";
    const int fd = open(path.c_str(), O_CREAT | O_RDWR, 0600);
    ASSERT_EQ(posix_fallocate(fd, 0, 1 << 20), 0);
    close(fd);
    auto opened = GetParam() == "buffered" ? open_buffered(path, Access::kReadWrite)
                  : GetParam() == "direct" ? open_direct(path, 4096)
                                           : open_pmem(path, true);
    ASSERT_TRUE(opened.is_ok()) << opened.status().message();
    file_ = std::move(*opened);
  }
  TemporaryDirectory directory_;
  std::unique_ptr<StableFile> file_;
};

TEST_P(DomainTest, WhatIsPersistedIsRead) {
  for (const uint64_t size : {1u, 15u, 16u, 17u, 64u, 4000u, 4096u, 4097u, 9000u, 70000u}) {
    const std::string head(48, 'h'), body(size, 'b');
    ASSERT_TRUE(file_->write(8192, bytes_of(head), bytes_of(body)).is_ok());
    ASSERT_TRUE(file_->persist().is_ok());
    EXPECT_EQ(read_back(*file_, 8192, 48 + size), head + body) << size;
  }
}

TEST_P(DomainTest, ALongHeadAloneIsWritten) {
  const std::string head(100'001, 'h');
  ASSERT_TRUE(file_->write(4096, bytes_of(head)).is_ok());
  ASSERT_TRUE(file_->persist().is_ok());
  EXPECT_EQ(read_back(*file_, 4096, head.size()), head);
}

TEST_P(DomainTest, WritesInAnyOrderAllArrive) {
  const std::string first(4096, '1'), second(4096, '2'), third(4096, '3');
  ASSERT_TRUE(file_->write(8192, bytes_of(third)).is_ok());
  ASSERT_TRUE(file_->write(0, bytes_of(first)).is_ok());
  ASSERT_TRUE(file_->write(4096, bytes_of(second)).is_ok());
  ASSERT_TRUE(file_->persist().is_ok());
  EXPECT_EQ(read_back(*file_, 0, 12288), first + second + third);
}

TEST_P(DomainTest, AFileCanGrow) {
  ASSERT_TRUE(file_->resize(3 << 20).is_ok());
  EXPECT_EQ(file_->size(), 3u << 20);
  const std::string text(4096, 'x');
  ASSERT_TRUE(file_->write((3 << 20) - 4096, bytes_of(text)).is_ok());
  ASSERT_TRUE(file_->persist().is_ok());
  EXPECT_EQ(read_back(*file_, (3 << 20) - 4096, 4096), text);
}

TEST_P(DomainTest, PastTheEndThereAreZeros) {
  EXPECT_EQ(read_back(*file_, (1 << 20) - 2, 4), std::string(4, '\0'));
}

TEST_P(DomainTest, ZeroedBytesReadAsZeros) {
  const std::string text(8192, 'x');
  ASSERT_TRUE(file_->write(0, bytes_of(text)).is_ok());
  ASSERT_TRUE(file_->persist().is_ok());
  if (GetParam() != "direct") { // its zero() is the buffered one, for the image only
    ASSERT_TRUE(file_->zero(100, 5000).is_ok());
    EXPECT_EQ(read_back(*file_, 99, 5002), "x" + std::string(5000, '\0') + "x");
  }
}

INSTANTIATE_TEST_SUITE_P(Every, DomainTest, testing::Values("buffered", "direct", "pmem"),
                         [](const auto &info) { return info.param; });

TEST(Pmem, APageCacheFileIsNeverTakenForPersistentMemory) {
  TemporaryDirectory directory;
  const std::string path = directory / "file";
  close(open(path.c_str(), O_CREAT | O_RDWR, 0600));
  ASSERT_EQ(truncate(path.c_str(), 4096), 0);
  auto file = open_pmem(path, false);
  ASSERT_TRUE(file.is_ok());
  EXPECT_EQ(file->get(), nullptr);
}

TEST(Direct, FallsBackWhereTheFileSystemHasNoDirectIo) {
  TemporaryDirectory directory("/dev/shm");
  const std::string path = directory / "file";
  close(open(path.c_str(), O_CREAT | O_RDWR, 0600));
  auto file = open_direct(path, 4096);
  ASSERT_TRUE(file.is_ok());
  const Domain domain = (*file)->domain(); // newer kernels have direct I/O on tmpfs
  EXPECT_TRUE(domain == Domain::kBufferedFile || domain == Domain::kDirectFile);
  ASSERT_TRUE((*file)->write(0, bytes_of(std::string(4096, 'x'))).is_ok());
  EXPECT_TRUE((*file)->persist().is_ok());
}

TEST(Buffered, AMissingFileIsAnErrorThatNamesIt) {
  auto file = open_buffered("/nonexistent/file", Access::kReadOnly);
  ASSERT_FALSE(file.is_ok());
  EXPECT_NE(file.status().message().find("/nonexistent/file"), std::string::npos);
}

TEST(Buffered, AWriteBeyondTheFileSizeLimitIsAnError) {
  TemporaryDirectory directory;
  const std::string path = directory / "file";
  close(open(path.c_str(), O_CREAT | O_RDWR, 0600));
  auto file = open_buffered(path, Access::kReadWrite);
  ASSERT_TRUE(file.is_ok());
  rlimit before;
  getrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 4096;
  setrlimit(RLIMIT_FSIZE, &small);
  const Status status = (*file)->write(0, bytes_of(std::string(8192, 'x')));
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_FALSE(status.is_ok());
}

} // namespace
} // namespace perdure
