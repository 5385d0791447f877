// SPDX-License-Identifier: Apache-2.0
#include "epoch_payload.h"
#include "large_ranges.h"
#include "line_set.h"
#include "memory_image.h"
#include <cstring>
#include <gtest/gtest.h>
#include <random>

namespace perdure {
namespace {

constexpr uint64_t kBytes = 1 << 16;

class LineSetTest : public testing::Test {
protected:
  void SetUp() override { words_.map(); }
  void TearDown() override { words_.unmap(); }

  void add(uint64_t begin, uint64_t size) {
    set_.add(kHeapOffset + begin, kHeapOffset + begin + size);
  }
  // How often RECORD has each byte; their values go to BYTES.
  static std::vector<int> counts(const EpochRecord &record, std::vector<std::byte> &bytes) {
    EpochPayloadReader reader(record.payload(), kSlotSize);
    std::vector<int> count(kBytes);
    bytes.assign(kBytes, std::byte{0});
    for (ImageRange range; reader.next(range);)
      for (uint64_t i = 0; i < range.length; i++) {
        const uint64_t at = range.offset - kHeapOffset + i;
        count.at(at)++;
        bytes[at] = range.data[range.fill ? 0 : i];
      }
    EXPECT_TRUE(reader.sound());
    return count;
  }
  size_t ranges() {
    EpochRecord record(1);
    set_.append_to(record);
    EpochPayloadReader reader(record.payload(), kSlotSize);
    size_t count = 0;
    for (ImageRange range; reader.next(range);)
      count++;
    return count;
  }

  WordsUnderTest words_;
  LineSet set_;
};

TEST_F(LineSetTest, ARangeOverSeveralLinesIsOne) {
  add(40, 200);
  set_.copy_added();
  EXPECT_EQ(ranges(), 1u);
}

TEST_F(LineSetTest, JoinsBytesOfALineThatAreNear) {
  add(0, 8);
  add(16, 8);
  add(56, 8);
  set_.copy_added();
  EXPECT_EQ(ranges(), 1u);
  add(320, 8);
  add(376, 8);
  set_.copy_added();
  EXPECT_EQ(ranges(), 3u);
}

TEST_F(LineSetTest, ALineAddedAgainIsCopiedAgain) {
  words_[0] = 1;
  add(0, 8);
  set_.copy_added();
  words_[0] = 2;
  words_[1] = 3;
  add(8, 8);
  words_[8] = 4; // not added: whoever stores it has not published the entry
  set_.copy_added();
  EpochRecord record(1);
  set_.append_to(record);
  std::vector<std::byte> bytes;
  std::vector<int> count = counts(record, bytes);
  EXPECT_EQ(bytes[0], std::byte{2});
  EXPECT_EQ(bytes[8], std::byte{3});
  EXPECT_EQ(count[64], 0);
}

TEST_F(LineSetTest, WhatIsForgottenIsNotCopied) {
  add(0, 64);
  add(64, 200);
  add(1024, 8);
  set_.copy_added();
  set_.forget(kHeapOffset + 40, kHeapOffset + 128);
  set_.forget(kHeapOffset + 2048, kHeapOffset + 4096); // nothing of it was added
  EpochRecord record(1);
  set_.append_to(record);
  std::vector<std::byte> bytes;
  std::vector<int> count = counts(record, bytes);
  for (uint64_t i = 0; i < kBytes; i++)
    EXPECT_EQ(count[i], i < 40 || (i >= 128 && i < 264) || (i >= 1024 && i < 1032)) << i;
}

// Every byte added is in the record, none twice (so little memory is never forgotten), each with
// its last value, over many rounds of one set.
TEST_F(LineSetTest, CoversEveryByteOnce) {
  std::mt19937_64 random(1);
  auto *memory = reinterpret_cast<std::byte *>(&words_[0]);
  for (int round = 0; round < 60; round++) {
    std::vector<int> expected(kBytes);
    const int entries = round % 3 == 0 ? 20 : 2000;
    for (int part = 0; part < 3; part++) {
      uint64_t near = random() % kBytes;
      for (int i = 0; i < entries; i++) {
        uint64_t size = 1 + random() % (i % 50 == 0 ? 4000 : 32);
        uint64_t begin = i % 3 == 0 ? random() % kBytes : (near + random() % 200) % kBytes;
        size = std::min(size, kBytes - begin);
        if (i % 20 == 0)
          near = begin;
        for (uint64_t at = begin; at < begin + size; at++)
          memory[at] = static_cast<std::byte>(random());
        add(begin, size);
        std::fill_n(expected.begin() + static_cast<ptrdiff_t>(begin), size, 1);
      }
      set_.copy_added();
    }
    EpochRecord record(1);
    set_.append_to(record);
    set_.clear();
    std::vector<std::byte> bytes;
    std::vector<int> count = counts(record, bytes);
    for (uint64_t i = 0; i < kBytes; i++) {
      ASSERT_LE(count[i], 1) << "byte " << i << ", round " << round;
      ASSERT_GE(count[i], expected[i]) << "byte " << i << ", round " << round;
      if (expected[i]) {
        ASSERT_EQ(bytes[i], memory[i]) << "byte " << i << ", round " << round;
      }
    }
  }
}

// And what was written to it before it was forgotten is kept: here two words, far apart.
TEST_F(LineSetTest, TheLaterCopyOfAForgottenLineWins) {
  constexpr size_t kLines = WordsUnderTest::kCount / 8; // more than the cache of recent lines holds
  for (int round = 0; round < 2; round++) {             // the second meets the first's indexes
    for (size_t line = 0; line < kLines; line++) {
      words_[line * 8] = 1;
      words_[line * 8 + 7] = 3;
      add(line * 64, 8);
      add(line * 64 + 56, 8);
    }
    set_.copy_added();
    for (size_t line = 0; line < kLines; line += 3) {
      words_[line * 8] = 2;
      add(line * 64, 8);
    }
    set_.copy_added();
    EXPECT_GT(set_.size(), kLines);
    EpochRecord record(1);
    set_.append_to(record);
    set_.clear();
    EpochPayloadReader reader(record.payload(), kSlotSize);
    std::vector<uint64_t> words(kLines * 8);
    for (ImageRange range; reader.next(range);)
      std::memcpy(&words.at((range.offset - kHeapOffset) / 8), range.data, range.length);
    for (size_t line = 0; line < kLines; line++) {
      ASSERT_EQ(words[line * 8], line % 3 == 0 ? 2 : 1) << line;
      ASSERT_EQ(words[line * 8 + 7], 3) << line;
    }
  }
}

TEST_F(LineSetTest, AHugeEpochLeavesNothingBehind) {
  words_[0] = 1;
  for (uint64_t line = 0; line < kBytes / 64; line++)
    add(line * 64, 64);
  set_.copy_added();
  EXPECT_EQ(set_.size(), kBytes / 64);
  set_.clear();
  EXPECT_TRUE(set_.empty());
  EXPECT_EQ(ranges(), 0u);
}

TEST_F(LineSetTest, LargeRangesMergeWhereTheyTouch) {
  LargeRanges large;
  words_[1024] = 7;
  large.add(kHeapOffset + 8192, kHeapOffset + 16384);
  large.add(kHeapOffset, kHeapOffset + 8192);
  large.add(kHeapOffset + 4096, kHeapOffset + 9000);
  EpochRecord record(1);
  large.move_to(record);
  std::vector<std::byte> bytes;
  std::vector<int> count = counts(record, bytes);
  for (uint64_t i = 0; i < 16384; i++)
    ASSERT_EQ(count[i], 1) << i;
  EXPECT_EQ(bytes[8192], std::byte{7});
  EpochRecord again(2);
  large.move_to(again);
  EXPECT_TRUE(again.empty());
}

} // namespace
} // namespace perdure
