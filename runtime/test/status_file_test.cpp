// SPDX-License-Identifier: Apache-2.0
//
// The status file: what is written is read, and nothing else is believed.
#include "status_file.h"
#include "temporary_directory.h"
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace perdure {
namespace {

class StatusFileTest : public testing::Test {
protected:
  std::string bytes() {
    std::ifstream file(directory_ / "status", std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void put(const std::string &bytes) {
    std::ofstream file(directory_ / "status", std::ios::binary | std::ios::trunc);
    file << bytes;
  }
  std::string error() {
    auto status = read_status(directory_.path());
    return status ? "" : status.status().message();
  }
  TemporaryDirectory directory_;
};

TEST_F(StatusFileTest, WhatIsWrittenIsRead) {
  auto file = StatusFile::create(directory_.path());
  ASSERT_NE(file, nullptr);
  PoolStatus status{};
  status.run = 7;
  status.cuts = 1234;
  file->write(status);
  auto read = read_status(directory_.path());
  ASSERT_TRUE(read.is_ok()) << read.status().message();
  EXPECT_EQ(std::memcmp(&*read, &status, sizeof status), 0);
  EXPECT_EQ(read->pid, static_cast<uint64_t>(getpid()));
  file.reset();
  EXPECT_NE(error().find("No such file"), std::string::npos);
}

TEST_F(StatusFileTest, HasTheseBytes) {
  auto file = StatusFile::create(directory_.path());
  PoolStatus status{};
  status.run = 0x11;
  status.flags = kStatusFailed;
  status.log_capacity = 0x22;
  status.cuts = 0x33;
  status.held_connections = 0x44;
  file->write(status);
  const std::string all = bytes();
  ASSERT_EQ(all.size(), 4096u);
  EXPECT_EQ(all.substr(0, 12), std::string("PERSTAT\0\1\0\0\0", 12));
  EXPECT_EQ(all[0x20], 0x11);
  EXPECT_EQ(all[0x40], 1);
  EXPECT_EQ(all[0x60], 0x22);
  EXPECT_EQ(all[0xa0], 0x33);
  EXPECT_EQ(all[0xc8], 0x44);
}

TEST_F(StatusFileTest, DamagedAndForeignBytesAreRefused) {
  auto file = StatusFile::create(directory_.path());
  PoolStatus status{};
  file->write(status);
  const std::string good = bytes();
  for (const size_t at : {8u, 12u, 100u, 4095u}) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x55);
    put(bad);
    EXPECT_NE(error().find("damaged"), std::string::npos) << at;
  }
  put(good.substr(0, 1000));
  EXPECT_NE(error().find("not a status file"), std::string::npos);
  put("");
  EXPECT_NE(error().find("not a status file"), std::string::npos);
  put(std::string(1 << 20, 'x'));
  EXPECT_NE(error().find("not a status file"), std::string::npos);
  put(good);
  EXPECT_EQ(error(), "");
}

TEST_F(StatusFileTest, ALinkInItsPlaceIsNotFollowed) {
  const std::string precious = directory_ / "precious";
  std::ofstream(precious) << "keep";
  ASSERT_EQ(symlink(precious.c_str(), (directory_ / "status").c_str()), 0);
  EXPECT_NE(error(), "");
  auto file = StatusFile::create(directory_.path());
  ASSERT_NE(file, nullptr);
  PoolStatus status{};
  file->write(status);
  EXPECT_EQ(error(), "");
  std::string kept;
  std::ifstream(precious) >> kept;
  EXPECT_EQ(kept, "keep");
}

TEST_F(StatusFileTest, AnotherFileUnderItsDescriptorIsNotWrittenTo) {
  auto file = StatusFile::create(directory_.path());
  const int other = ::open((directory_ / "precious").c_str(), O_RDWR | O_CREAT, 0600);
  struct stat info, candidate;
  ASSERT_EQ(stat((directory_ / "status").c_str(), &info), 0);
  for (int fd = 0; fd < 100; ++fd) // as a daemon does that closes everything
    if (fstat(fd, &candidate) == 0 && candidate.st_ino == info.st_ino) {
      ASSERT_EQ(dup2(other, fd), fd);
    }
  PoolStatus status{};
  file->write(status);
  ASSERT_EQ(fstat(other, &info), 0);
  EXPECT_EQ(info.st_size, 0);
}

TEST_F(StatusFileTest, WithoutADirectoryThereIsNone) {
  EXPECT_EQ(StatusFile::create(directory_ / "missing"), nullptr);
  EXPECT_FALSE(read_status(directory_ / "missing").is_ok());
  ASSERT_EQ(mkfifo((directory_ / "status").c_str(), 0600), 0); // a reader must not wait for it
  EXPECT_NE(error(), "");
}

} // namespace
} // namespace perdure
