// SPDX-License-Identifier: Apache-2.0
//
// The definition in persist_simulated.h, sentence by sentence, below the domains' own code.
#include "persist_simulated.h"
#include "simulated_pool.h"
#include <gtest/gtest.h>
#include <set>
#include <sys/mman.h>
#include <thread>

namespace perdure {
namespace {

std::string read_back(const StableFile &file, uint64_t offset, uint64_t size) {
  return image_bytes_at(file, offset, size);
}

std::span<const std::byte> bytes_of(const std::string &text) {
  return std::as_bytes(std::span(text));
}

// What SIZE bytes at OFFSET of "file" may be after a crash now.
std::set<std::string> outcomes(const SimulatedStore &store, uint64_t offset, uint64_t size) {
  const PowerCut cut = store.cut();
  size_t total = 1;
  for (size_t atom = 0; atom < cut.atoms(); ++atom)
    total *= cut.newest(atom) + 1;
  EXPECT_LE(total, 10'000u);
  std::set<std::string> found;
  for (size_t number = 0; number < total; ++number) {
    size_t rest = number;
    std::vector<size_t> chosen;
    for (size_t atom = 0; atom < cut.atoms(); ++atom) {
      chosen.push_back(rest % (cut.newest(atom) + 1));
      rest /= cut.newest(atom) + 1;
    }
    auto left = cut.leave([&](size_t atom) { return chosen[atom]; });
    found.insert(read_back(*left->open("file"), offset, size));
  }
  return found;
}

class Block : public testing::Test {
protected:
  void SetUp() override {
    file_ = store_.open("file");
    ASSERT_TRUE(file_->resize(8192).is_ok());
    ASSERT_TRUE(file_->write(0, bytes_of(std::string(1024, 'a'))).is_ok());
    ASSERT_TRUE(file_->persist().is_ok());
  }
  SimulatedStore store_{kBlock};
  std::unique_ptr<StableFile> file_;
};

TEST_F(Block, WhatWasSyncedIsThere) {
  EXPECT_EQ(outcomes(store_, 0, 1), std::set<std::string>{"a"});
}

TEST_F(Block, SectorsOfAWriteSurviveInAnySubset) {
  ASSERT_TRUE(file_->write(511, bytes_of("bc")).is_ok());
  EXPECT_EQ(outcomes(store_, 511, 2), (std::set<std::string>{"aa", "ba", "ac", "bc"}));
}

TEST_F(Block, AnEarlierWriteToASectorMayOutliveALaterOne) {
  ASSERT_TRUE(file_->write(0, bytes_of("b")).is_ok());
  ASSERT_TRUE(file_->write(0, bytes_of("c")).is_ok());
  EXPECT_EQ(outcomes(store_, 0, 1), (std::set<std::string>{"a", "b", "c"}));
}

TEST_F(Block, StoresThroughASharedMappingAreWrites) {
  auto *mapped =
      static_cast<char *>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file_->fd(), 0));
  ASSERT_NE(mapped, MAP_FAILED);
  mapped[0] = 'b';
  EXPECT_EQ(outcomes(store_, 0, 1), (std::set<std::string>{"a", "b"}));
  ASSERT_TRUE(file_->persist().is_ok());
  EXPECT_EQ(outcomes(store_, 0, 1), std::set<std::string>{"b"});
  munmap(mapped, 4096);
}

TEST_F(Block, AGrownSizeMaySurviveWithoutTheBytesAndTheOtherWayAround) {
  ASSERT_TRUE(file_->resize(16384).is_ok());
  ASSERT_TRUE(file_->write(12288, bytes_of("b")).is_ok());
  std::set<std::pair<uint64_t, std::string>> found;
  const PowerCut cut = store_.cut();
  ASSERT_EQ(cut.atoms(), 2u);
  for (size_t number = 0; number < 4; ++number) {
    auto left = cut.leave([&](size_t atom) { return number >> atom & 1; });
    auto file = left->open("file");
    found.insert({file->size(), read_back(*file, 12288, 1)});
  }
  const std::string zero(1, '\0');
  EXPECT_EQ(found, (std::set<std::pair<uint64_t, std::string>>{
                       {8192, zero}, {16384, zero}, {16384, "b"}}));
}

TEST_F(Block, ImagesOfManyGigabytesAreCheap) {
  ASSERT_TRUE(file_->write(1ull << 39, bytes_of("b")).is_ok());
  ASSERT_TRUE(file_->persist().is_ok());
  auto left = crashed(store_, [](size_t) { return false; });
  EXPECT_EQ(read_back(*left->open("file"), 1ull << 39, 1), "b");
}

TEST(Direct, AWriteThatReturnedIsDurableAndNoOther) {
  SimulatedStore store(kBlock);
  ASSERT_TRUE(store.open("file")->resize(8192).is_ok());
  InStore here(store);
  auto buffered = open_buffered("file", Access::kReadWrite);
  ASSERT_TRUE((*buffered)->persist().is_ok());
  auto direct = store.open("file", Open::kDirect);
  ASSERT_TRUE((*buffered)->write(512, bytes_of("b")).is_ok());
  ASSERT_EQ(direct->write(std::string(512, 'd').data(), 512, 0), 512);
  EXPECT_EQ(outcomes(store, 0, 1), std::set<std::string>{"d"});
  EXPECT_EQ(outcomes(store, 512, 1), (std::set<std::string>{"b", std::string(1, '\0')}));
}

class Memory : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_TRUE(store_.open("file")->resize(4096).is_ok());
    ASSERT_TRUE(store_.open("file")->persist().is_ok());
    InStore here(store_);
    file_ = std::move(*open_pmem("file", false));
    ASSERT_NE(file_, nullptr);
    ASSERT_TRUE(file_->write(0, bytes_of(std::string(64, 'a'))).is_ok());
    ASSERT_TRUE(file_->persist().is_ok());
  }
  SimulatedStore store_{kMemory};
  std::unique_ptr<StableFile> file_;
};

TEST_F(Memory, WhatWasFencedIsThere) {
  EXPECT_EQ(outcomes(store_, 0, 1), std::set<std::string>{"a"});
}

TEST_F(Memory, WordsOfALineSurviveInAnySubset) {
  ASSERT_TRUE(file_->write(0, bytes_of(std::string(16, 'b') + std::string(48, 'a'))).is_ok());
  EXPECT_EQ(outcomes(store_, 7, 2), (std::set<std::string>{"aa", "ba", "ab", "bb"}));
}

TEST_F(Memory, AStoreThatWasNotFlushedIsNotMadeDurableByAFence) {
  auto *mapped = static_cast<char *>(
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, store_.open("file")->fd(), 0));
  ASSERT_NE(mapped, MAP_FAILED);
  mapped[0] = 'b';
  ASSERT_TRUE(file_->persist().is_ok());
  EXPECT_EQ(outcomes(store_, 0, 1), (std::set<std::string>{"a", "b"}));
  munmap(mapped, 4096);
}

TEST_F(Memory, AFenceMakesDurableWhatItsOwnThreadStreamed) {
  std::thread([&] { ASSERT_TRUE(file_->write(0, bytes_of(std::string(64, 'b'))).is_ok()); }).join();
  ASSERT_TRUE(file_->persist().is_ok());
  EXPECT_EQ(outcomes(store_, 0, 1), (std::set<std::string>{"a", "b"}));
}

TEST(Names, AnOperationSurvivesOnceItsDirectoryIsSynced) {
  SimulatedStore store(kBlock);
  ASSERT_EQ(store.make_directory("d"), 0);
  ASSERT_NE(store.open("d/file", Open::kCreate), nullptr);
  ASSERT_EQ(store.sync_directory("/"), 0);
  auto left = crashed(store, [](size_t) { return false; });
  EXPECT_EQ(left->kind("d"), FileSystem::Kind::kDirectory);
  EXPECT_EQ(left->kind("d/file"), FileSystem::Kind::kMissing);
  ASSERT_EQ(store.rename("d", "e"), 0);
  ASSERT_EQ(store.sync_directory("e"), 0);
  left = crashed(store, [](size_t) { return false; });
  EXPECT_EQ(left->kind("d/file"), FileSystem::Kind::kOther);
  EXPECT_EQ(left->kind("e"), FileSystem::Kind::kMissing);
  left = crashed(store, [](size_t) { return true; });
  EXPECT_EQ(left->kind("d"), FileSystem::Kind::kMissing);
  EXPECT_EQ(left->kind("e/file"), FileSystem::Kind::kOther);
}

} // namespace
} // namespace perdure
