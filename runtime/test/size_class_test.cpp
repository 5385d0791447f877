// SPDX-License-Identifier: Apache-2.0
//
// Size classes: every size gets the smallest class that holds it, and little is wasted.
#include "size_class.h"
#include <gtest/gtest.h>

namespace perdure {

TEST(SizeClassTest, EverySizeGetsTheSmallestClassThatHoldsIt) {
  for (size_t size = 0; size <= kSlabBlockMax; ++size) {
    uint32_t index = size_class_of(size);
    ASSERT_LT(index, kSizeClassCount);
    ASSERT_GE(kSizeClasses[index].block_size, size);
    if (index > 0) {
      ASSERT_LT(kSizeClasses[index - 1].block_size, size);
    }
  }
}

TEST(SizeClassTest, BlocksWasteAtMostAnEighthOrFifteenBytes) {
  for (size_t size = 1; size <= kSlabBlockMax; ++size) {
    size_t waste = kSizeClasses[size_class_of(size)].block_size - size;
    ASSERT_LE(waste, std::max<size_t>(15, size / 8)) << size;
  }
}

TEST(SizeClassTest, SlabsAreShortAndWasteAtMostAnEighth) {
  for (const SizeClass &size_class : kSizeClasses) {
    uint64_t slab = size_class.units * kUnitSize;
    EXPECT_LE(size_class.units, 7u) << size_class.block_size;
    EXPECT_LE(slab - uint64_t{size_class.block_count} * size_class.block_size, slab / 8);
    EXPECT_LE(bitmap_words(size_class), kBitmapWords);
    EXPECT_EQ(size_class.block_size % 16, 0u);
  }
}

TEST(SizeClassTest, BlockIndexIsTheExactQuotientForEveryByteOfEverySlab) {
  for (const SizeClass &size_class : kSizeClasses)
    for (uint64_t offset = 0; offset < size_class.units * kUnitSize; offset += 8)
      ASSERT_EQ(block_index(size_class, offset), offset / size_class.block_size);
}

TEST(SizeClassTest, BitmapMasksCoverExactlyTheBlocks) {
  for (const SizeClass &size_class : kSizeClasses) {
    uint32_t bits = 0;
    for (uint32_t word = 0; word < bitmap_words(size_class); ++word)
      bits += std::popcount(bitmap_mask(size_class, word));
    EXPECT_EQ(bits, size_class.block_count);
  }
}

} // namespace perdure
