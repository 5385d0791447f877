// SPDX-License-Identifier: Apache-2.0
//
// The pool directory: creation, the superblock's two copies, the lock, and every kind of bad pool.
#include "crc32c.h"
#include "pool.h"
#include "simulated_pool.h"
#include "temporary_directory.h"
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

namespace perdure {
namespace {

namespace fs = std::filesystem;

class PoolTest : public testing::Test {
protected:
  PoolTest() {
    options_.path = directory_ / "pool";
    options_.log_size = 64 << 10;
    options_.size_max = 64 << 20;
  }
  void create() {
    const Status status = create_pool(options_);
    ASSERT_TRUE(status.is_ok()) << status.message();
  }
  std::string open_error() {
    auto pool = open_pool(options_);
    return pool ? "" : pool.status().message();
  }
  void overwrite(const std::string &name, uint64_t offset, const std::string &bytes) {
    std::fstream file(options_.path + "/" + name, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset));
    file << bytes;
    ASSERT_TRUE(file.good());
  }
  Superblock read_copy(uint64_t copy) {
    Superblock superblock;
    std::ifstream file(options_.path + "/superblock", std::ios::binary);
    file.seekg(static_cast<std::streamoff>(copy * kSuperblockSize));
    file.read(reinterpret_cast<char *>(&superblock), sizeof superblock);
    return superblock;
  }
  // Changes both copies, with checksums that fit.
  void edit(const std::function<void(Superblock &)> &change) {
    for (uint64_t copy = 0; copy < 2; ++copy) {
      Superblock superblock = read_copy(copy);
      change(superblock);
      superblock.crc = 0;
      superblock.crc = crc32c(0, &superblock, sizeof superblock);
      overwrite("superblock", copy * kSuperblockSize,
                std::string(reinterpret_cast<char *>(&superblock), sizeof superblock));
    }
  }
  TemporaryDirectory directory_;
  PoolOptions options_;
};

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST_F(PoolTest, ACreatedPoolCanBeOpened) {
  create();
  EXPECT_EQ(open_error(), "");
  EXPECT_FALSE(fs::exists(options_.path + ".new"));
}

TEST_F(PoolTest, AnEmptyDirectoryBecomesAPool) {
  fs::create_directory(options_.path);
  create();
  EXPECT_EQ(open_error(), "");
}

TEST_F(PoolTest, TheRemainderOfACreationThatCrashedIsBuiltAnew) {
  fs::create_directory(options_.path + ".new");
  std::ofstream(options_.path + ".new/log") << "half";
  EXPECT_TRUE(pool_is_missing(options_.path));
  create();
  EXPECT_EQ(open_error(), "");
}

TEST_F(PoolTest, AnExistingPoolIsNotOverwritten) {
  create();
  EXPECT_HAS(create_pool(options_).message(), "exists already");
  EXPECT_EQ(open_error(), "");
}

TEST_F(PoolTest, AMissingPoolIsNamed) {
  EXPECT_HAS(open_error(), "there is no pool " + options_.path);
}

TEST_F(PoolTest, AMissingParentIsNamed) {
  options_.path = directory_ / "a/b";
  EXPECT_HAS(create_pool(options_).message(), "there is no directory " + (directory_ / "a"));
}

TEST_F(PoolTest, AnotherDirectoryIsNoPool) {
  fs::create_directory(options_.path);
  std::ofstream(options_.path + "/notes") << "mine";
  EXPECT_HAS(open_error(), "is not a pool");
  EXPECT_HAS(create_pool(options_).message(), "exists already");
}

TEST_F(PoolTest, AFileIsNoPool) {
  std::ofstream(options_.path) << "mine";
  EXPECT_HAS(open_error(), "is not a pool");
}

TEST_F(PoolTest, ASecondOpeningInTheSameProcessIsRefused) {
  create();
  auto pool = open_pool(options_);
  ASSERT_TRUE(pool.is_ok());
  EXPECT_HAS(open_error(), "in use by process " + std::to_string(getpid()));
}

TEST_F(PoolTest, AnotherProcessIsRefusedAndTheHolderNamed) {
  create();
  auto pool = open_pool(options_);
  ASSERT_TRUE(pool.is_ok());
  const std::string expected = "in use by process " + std::to_string(getpid());
  // A process of its own: a forked child would still know this one's list of pools.
  const pid_t child = fork();
  if (child == 0) {
    PoolLock::abandon(std::move(pool->lock));
    const int fd = open((options_.path + "/lock").c_str(), O_RDWR);
    struct flock range = {};
    range.l_type = F_WRLCK;
    const bool refused = fcntl(fd, F_SETLK, &range) != 0;
    fcntl(fd, F_GETLK, &range);
    _exit(refused && range.l_pid == getppid() ? 0 : 1);
  }
  int result;
  waitpid(child, &result, 0);
  EXPECT_EQ(result, 0);
  EXPECT_EQ(PoolLock::holder(options_.path), getpid());
  pool = Status::error("closed");
  EXPECT_EQ(PoolLock::holder(options_.path), 0);
  EXPECT_EQ(open_error(), "");
}

TEST_F(PoolTest, TheLogMayLieElsewhere) {
  options_.log_path = directory_ / "elsewhere";
  create();
  EXPECT_TRUE(fs::is_symlink(options_.path + "/log"));
  EXPECT_EQ(open_error(), "");
  options_.log_path.clear();
  EXPECT_EQ(open_error(), "") << "found without being told";
  options_.log_path = directory_ / "wrong";
  EXPECT_HAS(open_error(), "not " + (directory_ / "wrong"));
  fs::rename(directory_ / "elsewhere", directory_ / "moved");
  EXPECT_HAS(open_error(), (directory_ / "elsewhere") + " is missing");
}

TEST_F(PoolTest, AForeignFileIsNotOverwrittenByTheLog) {
  options_.log_path = directory_ / "precious";
  std::ofstream(options_.log_path) << "mine";
  EXPECT_HAS(create_pool(options_).message(), "precious exists already");
  EXPECT_FALSE(fs::exists(options_.path));
  EXPECT_FALSE(fs::exists(options_.path + ".new"));
  EXPECT_EQ(fs::file_size(options_.log_path), 4u);
}

TEST_F(PoolTest, ACreationThatFindsNoSpaceLeavesNothing) {
  options_.log_size = 1ull << 45;
  EXPECT_FALSE(create_pool(options_).is_ok());
  EXPECT_TRUE(fs::is_empty(directory_.path()));
}

TEST_F(PoolTest, TheLogOfAnotherPoolIsRefused) {
  create();
  PoolOptions other = options_;
  other.path = directory_ / "other";
  ASSERT_TRUE(create_pool(other).is_ok());
  fs::copy_file(other.path + "/log", options_.path + "/log", fs::copy_options::overwrite_existing);
  EXPECT_HAS(open_error(), "is the log of another pool");
}

TEST_F(PoolTest, AForeignLogFileIsRefused) {
  create();
  overwrite("log", 0, "not a log");
  EXPECT_HAS(open_error(), "/log is not a perdure log");
}

TEST_F(PoolTest, TruncatedFilesAreNamed) {
  create();
  fs::resize_file(options_.path + "/log", 10'000);
  EXPECT_HAS(open_error(), "/log is truncated to 10000 bytes");
  fs::resize_file(options_.path + "/superblock", 100);
  EXPECT_HAS(open_error(), "/superblock is truncated to 100 bytes");
}

TEST_F(PoolTest, ATruncatedImageIsNamed) {
  create();
  edit([](Superblock &s) { s.image_bytes = 4 << 20, s.horizon_epoch = 1; });
  EXPECT_HAS(open_error(), "/image is truncated to 0 of 4194304 bytes");
}

TEST_F(PoolTest, AnotherVersionIsNamed) {
  create();
  edit([](Superblock &s) { s.version = 99; });
  EXPECT_HAS(open_error(), "has format version 99");
}

TEST_F(PoolTest, AnOlderVersionIsReadAndABrandNewOneIsNot) {
  create();
  edit([](Superblock &s) { s.version = kPoolVersionMin; });
  EXPECT_EQ(open_error(), "");
  edit([](Superblock &s) { s.version = 0; });
  EXPECT_HAS(open_error(), "has format version 0, this perdure reads versions 1 to 3");
  edit([](Superblock &s) { s.version = kPoolVersion + 1; });
  EXPECT_HAS(open_error(), "has format version 4");
}

TEST_F(PoolTest, AnotherArchitectureIsNamed) {
  create();
  edit([](Superblock &s) { s.machine = 183; });
  EXPECT_HAS(open_error(), "another architecture (machine 183");
}

TEST_F(PoolTest, ReservedBytesAndFlagsMustBeZero) {
  create();
  edit([](Superblock &s) { s.reserved[17] = 1; });
  EXPECT_HAS(open_error(), "uses features this perdure does not know");
  edit([](Superblock &s) { s.reserved[17] = 0, s.flags = 2; });
  EXPECT_HAS(open_error(), "uses features this perdure does not know");
}

TEST_F(PoolTest, ImpossibleSizesAreRefused) {
  create();
  edit([](Superblock &s) { s.log_start = s.log_capacity; });
  EXPECT_HAS(open_error(), "impossible sizes");
  edit([](Superblock &s) { s.log_start = 0, s.log_alignment = 48; });
  EXPECT_HAS(open_error(), "impossible sizes");
}

TEST_F(PoolTest, OneDamagedCopyIsSurvivedTwoAreNot) {
  create();
  overwrite("superblock", 100, "damage");
  EXPECT_EQ(open_error(), "");
  overwrite("superblock", 4096 + 100, "damage");
  EXPECT_HAS(open_error(), "/superblock is damaged (checksum)");
  overwrite("superblock", 0, std::string(8192, '\0'));
  EXPECT_HAS(open_error(), "is not a perdure superblock");
}

TEST_F(PoolTest, RefusalsChangeNothing) {
  create();
  overwrite("superblock", 100, "damage");
  overwrite("superblock", 4096 + 100, "damage");
  const auto before = fs::last_write_time(options_.path + "/superblock");
  EXPECT_NE(open_error(), "");
  EXPECT_EQ(fs::last_write_time(options_.path + "/superblock"), before);
  EXPECT_EQ(PoolLock::holder(options_.path), 0);
}

TEST(Superblock, CopiesAreWrittenAlternately) {
  SimulatedStore store(kBlock);
  Pool pool = formatted_pool(store, 64 << 10);
  for (int i = 0; i < 4; ++i) {
    const uint64_t generation = pool.superblock.generation;
    pool.superblock.horizon_epoch = 100 + generation;
    ASSERT_TRUE(store_superblock(*pool.superblock_file, pool.superblock).is_ok());
    auto loaded = load_superblock(*pool.superblock_file);
    ASSERT_TRUE(loaded.is_ok());
    EXPECT_EQ(loaded->generation, generation + 1);
    EXPECT_EQ(loaded->horizon_epoch, 100 + generation);
  }
}

TEST(Superblock, ATornStoreLeavesTheOneBefore) {
  SimulatedStore store(kMemory);
  Pool pool = formatted_pool(store, 64 << 10);
  const uint64_t before = pool.superblock.generation;
  std::unique_ptr<SimulatedStore> torn;
  store.on_crash_point = [&](uint64_t) {
    torn = crashed(store, [](size_t atom) { return atom != 1; });
  };
  pool.superblock.horizon_epoch = 7;
  ASSERT_TRUE(store_superblock(*pool.superblock_file, pool.superblock).is_ok());
  auto loaded = load_superblock(*file_in(*torn, "superblock"));
  ASSERT_TRUE(loaded.is_ok());
  EXPECT_EQ(loaded->generation, before);
}

TEST_F(PoolTest, SizesThatAreNoWholeSegmentsAreImpossible) {
  create();
  edit([](Superblock &s) { s.heap_limit -= kPageSize; });
  EXPECT_HAS(open_error(), "impossible sizes");
}

TEST_F(PoolTest, AnImageThatNoEpochWroteIsImpossible) {
  create();
  fs::resize_file(options_.path + "/image", kSegmentSize);
  edit([](Superblock &s) { s.image_bytes = kSegmentSize; });
  EXPECT_HAS(open_error(), "impossible sizes");
}

TEST_F(PoolTest, ALogOfNearly16EiBIsTruncated) {
  create();
  edit([](Superblock &s) { s.log_capacity = ~uint64_t{0} - kPageSize + 1; });
  EXPECT_HAS(open_error(), "log is truncated");
}

TEST_F(PoolTest, ARunThatCouldNotCountOnIsRefused) {
  const std::function<void(Superblock &)> changes[] = {
      [](Superblock &s) { s.run = ~0u; }, [](Superblock &s) { s.generation = ~0ull - 1; },
      [](Superblock &s) { s.horizon_epoch = ~0ull; },
      [](Superblock &s) { s.log_sequence = ~0ull; }};
  create();
  const Superblock sound = read_copy(0);
  for (const auto &change : changes) {
    edit([&](Superblock &s) { change(s = sound); });
    auto pool = open_pool(options_);
    ASSERT_TRUE(pool.is_ok()) << pool.status().message();
    EXPECT_HAS(PooledImage::start(std::move(*pool), false).status().message(),
               "holds a number that no pool comes to");
  }
}

// Left of a checkpoint, or damage: the metadata are looked at as recovery will leave them.
TEST_F(PoolTest, MetadataBehindTheEndOfTheImageAreLookedAt) {
  create();
  auto pool = open_pool(options_);
  ASSERT_TRUE(pool.is_ok());
  auto image = started(std::move(*pool));
  ASSERT_TRUE(image->commit(record_of(1, kHeapOffset, "heap")).is_ok());
  image.reset();
  fs::resize_file(options_.path + "/image", kHeapOffset);
  overwrite("image", 9 << 20, "damage");
  pool = open_pool(options_);
  ASSERT_TRUE(pool.is_ok());
  std::string seen(6, ' ');
  auto again = PooledImage::start(std::move(*pool), false, [&](std::byte *base) {
    std::memcpy(seen.data(), base + (9 << 20), seen.size());
    return Status::ok();
  });
  ASSERT_TRUE(again.is_ok());
  EXPECT_EQ(seen, "damage");
}

// The bytes on disk are a promise to every later version: this test changes only with kPoolVersion.
TEST(Superblock, HasTheseBytes) {
  SimulatedStore store(kBlock);
  auto file = store.open("superblock");
  Superblock s{};
  s.magic = kSuperblockMagic;
  s.version = kPoolVersion;
  for (uint8_t i = 0; i < 16; ++i)
    s.uuid[i] = i;
  s.generation = 3;
  s.run = 0x11;
  s.machine = kMachineX86_64;
  s.page_size = kPageSize;
  s.base_slot = 0x20;
  s.heap_limit = 0x21;
  s.image_bytes = 0x22;
  s.horizon_epoch = 0x23;
  s.log_capacity = 0x24;
  s.log_start = 0x25;
  s.log_sequence = 0x26;
  s.log_lap = 0x27;
  s.log_alignment = 0x28;
  s.log_domain = 0x29;
  s.created_s = 0x2a;
  ASSERT_TRUE(store_superblock(*file, s).is_ok());
  unsigned char golden[kSuperblockSize] = "PERDURE";
  const auto put = [&](size_t at, unsigned char value) { golden[at] = value; };
  put(8, 3);
  for (unsigned char i = 0; i < 16; ++i)
    put(16 + i, i);
  put(32, 4); // generation 4: copy 0
  put(40, 0x11), put(48, 62), put(53, 0x10);
  for (unsigned char i = 0; i < 7; ++i)
    put(56 + 8 * i, 0x20 + i);
  put(112, 0x27), put(116, 0x28), put(120, 0x29), put(128, 0x2a);
  const uint32_t crc = crc32c(0, golden, sizeof golden);
  memcpy(golden + 12, &crc, 4);
  unsigned char found[kSuperblockSize];
  ASSERT_TRUE(file->read(0, std::as_writable_bytes(std::span(found))).is_ok());
  EXPECT_EQ(memcmp(found, golden, sizeof golden), 0);
}

} // namespace
} // namespace perdure
