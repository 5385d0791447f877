// SPDX-License-Identifier: Apache-2.0
#include "epoch_payload.h"
#include "memory_image.h"
#include "range_set.h"
#include <gtest/gtest.h>
#include <random>

namespace perdure {
namespace {

class RangeSetTest : public testing::Test {
protected:
  void SetUp() override { words_.map(); }
  void TearDown() override { words_.unmap(); }

  static uint64_t entry(uint64_t begin, uint64_t size) {
    return (kBase + kHeapOffset + begin) << 16 | size;
  }
  // Bytes of the words that the set copies, each with how often.
  std::vector<int> copied(uint64_t bytes) {
    EpochRecord record(1);
    set_.copy_to(record);
    EpochPayloadReader reader(record.payload(), kSlotSize);
    std::vector<int> count(bytes);
    for (ImageRange range; reader.next(range);)
      for (uint64_t i = 0; i < range.length; i++)
        if (range.offset - kHeapOffset + i < bytes)
          count[range.offset - kHeapOffset + i]++;
    EXPECT_TRUE(reader.sound());
    return count;
  }

  WordsUnderTest words_;
  RangeSet set_;
};

TEST_F(RangeSetTest, MergesRangesThatTouch) {
  std::vector<uint64_t> entries = {entry(8, 8), entry(0, 8), entry(64, 8)};
  set_.add(entries);
  EXPECT_EQ(set_.size(), 2u);
}

TEST_F(RangeSetTest, MergesWithWhatWasAddedBefore) {
  std::vector<uint64_t> first = {entry(0, 8), entry(100, 8)}, second = {entry(8, 90)};
  set_.add(first);
  set_.add(second);
  EXPECT_EQ(set_.size(), 1u);
}

// Every byte of every entry is copied, none twice, whatever condensing and merging did.
TEST_F(RangeSetTest, CoversEveryEntryOnce) {
  constexpr uint64_t kBytes = 1 << 16;
  std::mt19937_64 random(1);
  for (int round = 0; round < 50; round++) {
    set_.clear();
    std::vector<int> expected(kBytes);
    for (int part = 0; part < 2; part++) {
      std::vector<uint64_t> entries;
      uint64_t near = random() % kBytes;
      for (int i = 0; i < 600; i++) {
        uint64_t size = 1 + random() % (i % 50 == 0 ? 5000 : 32);
        uint64_t begin = i % 3 == 0 ? random() % kBytes : (near + random() % 200) % kBytes;
        size = std::min(size, kBytes - begin);
        if (i % 20 == 0)
          near = begin;
        entries.push_back(entry(begin, size));
        std::fill_n(expected.begin() + static_cast<ptrdiff_t>(begin), size, 1);
      }
      set_.add(entries);
    }
    std::vector<int> count = copied(kBytes);
    for (uint64_t i = 0; i < kBytes; i++) {
      ASSERT_LE(count[i], 1) << "byte " << i << ", round " << round;
      ASSERT_GE(count[i], expected[i]) << "byte " << i << ", round " << round;
    }
  }
}

} // namespace
} // namespace perdure
