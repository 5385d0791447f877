// SPDX-License-Identifier: Apache-2.0
//
// The heap's operations one by one, in one thread unless the name says otherwise.
#include "heap.h"
#include "heap_test_image.h"
#include "size_class.h"
#include <chrono>
#include <cstring>
#include <set>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace perdure {

class HeapTest : public testing::Test {
protected:
  HeapTest() { heap->format(64 * kSegmentSize); }
  ~HeapTest() override { EXPECT_EQ(check_message(*heap), ""); }

  void restart() {
    image = image->restart();
    heap = image->heap();
    Status status = heap->attach(0);
    ASSERT_TRUE(status.is_ok()) << status.message();
  }
  // PTR of the run before restart().
  void *moved(void *block, const std::byte *old_base) const {
    return image->base() + (static_cast<std::byte *>(block) - old_base);
  }

  std::unique_ptr<TestImage> image = std::make_unique<TestImage>();
  std::unique_ptr<Heap> heap = image->heap();
};

TEST_F(HeapTest, BlocksAreAlignedDistinctAndLargeEnough) {
  std::set<std::byte *> ends;
  for (size_t size = 0; size < 5000; size += 7) {
    auto *block = static_cast<std::byte *>(heap->allocate(size));
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % 16, 0u);
    EXPECT_GE(heap->usable_size(block), size);
    std::memset(block, 0xab, heap->usable_size(block));
  }
}

TEST_F(HeapTest, AFreedBlockIsUsedAgain) {
  void *block = heap->allocate(100);
  heap->free(block);
  EXPECT_EQ(heap->allocate(100), block);
}

TEST_F(HeapTest, AllocatingASmallBlockRecordsOneBitmapWord) {
  void *first = heap->allocate(100);
  uint64_t before = image->record_bytes;
  void *second = heap->allocate(100);
  EXPECT_EQ(image->record_bytes - before, 8u);
  heap->free(first);
  heap->free(second);
  EXPECT_EQ(image->record_bytes - before, 24u);
}

TEST_F(HeapTest, BlockOfFindsTheBlockFromEveryInteriorAddress) {
  for (size_t size : {1, 16, 200, 5000, 40000, 200000, 300000, 1 << 20, 5 << 20}) {
    auto *block = static_cast<std::byte *>(heap->allocate(size));
    size_t usable = heap->usable_size(block);
    for (size_t offset : {size_t{0}, size / 2, size - 1, usable - 1}) {
      size_t found = 0;
      EXPECT_EQ(heap->block_of(block + offset, &found), block);
      EXPECT_EQ(found, usable);
    }
  }
}

TEST_F(HeapTest, BlockOfIsNullOutsideLiveBlocks) {
  size_t size = 0;
  void *small = heap->allocate(64);
  void *medium = heap->allocate(1 << 20);
  void *large = heap->allocate(9 << 20);
  auto *end_of_large = static_cast<std::byte *>(large) + heap->usable_size(large);
  for (void *block : {small, medium, large})
    heap->free(block);
  int local = 0;
  for (const void *address : std::initializer_list<const void *>{
           small, medium, large, end_of_large, &local, nullptr, image->base(), image->segment(0),
           image->segment(60), image->base() + image->bytes(), image->base() - 1})
    EXPECT_EQ(heap->block_of(address, &size), nullptr);
}

TEST_F(HeapTest, AtLeastThreeBlocksOfOneMebibyteShareASegment) {
  for (int i = 0; i < 3; ++i)
    EXPECT_NE(heap->allocate(1 << 20), nullptr);
  EXPECT_EQ(heap->stats().segment_bytes, kSegmentSize);
  EXPECT_EQ(heap->stats().used_bytes, 3u << 20);
}

TEST_F(HeapTest, AlignedBlocksAreAligned) {
  for (size_t alignment = 16; alignment <= 4 << 20; alignment *= 2)
    for (size_t size : {size_t{0}, size_t{1}, size_t{100}, size_t{70000}, size_t{3 << 20}}) {
      void *block = heap->allocate_aligned(size, alignment);
      ASSERT_NE(block, nullptr) << alignment << " " << size;
      EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % alignment, 0u);
      EXPECT_GE(heap->usable_size(block), size);
      heap->free(block);
    }
  EXPECT_EQ(heap->allocate_aligned(1, 48), nullptr);
  EXPECT_EQ(heap->allocate_aligned(1, 0), nullptr);
  EXPECT_EQ(heap->allocate_aligned(1, 8 << 20), nullptr);
}

TEST_F(HeapTest, EverythingFreedLeavesAtMostOneSegmentAndTheOwnedSlabs) {
  std::vector<void *> blocks;
  for (int i = 0; i < 20000; ++i)
    blocks.push_back(heap->allocate(1000));
  for (int i = 0; i < 5; ++i)
    blocks.push_back(heap->allocate(6 << 20));
  for (void *block : blocks)
    heap->free(block);
  EXPECT_EQ(heap->stats().block_count, 0u);
  EXPECT_LE(heap->stats().segment_bytes, 2 * kSegmentSize);
}

TEST_F(HeapTest, FreedLargeExtentsJoinForALargerOne) {
  std::vector<void *> blocks;
  for (int i = 0; i < 8; ++i)
    blocks.push_back(heap->allocate(8 * kSegmentSize));
  EXPECT_EQ(heap->allocate(kSegmentSize), nullptr); // all 64 taken
  heap->free(blocks[3]);
  heap->free(blocks[5]);
  heap->free(blocks[4]);
  EXPECT_EQ(heap->allocate(24 * kSegmentSize), blocks[3]);
}

TEST_F(HeapTest, ALargeExtentBecomesASlabSegmentWithCleanMetadata) {
  void *large = heap->allocate(64 * kSegmentSize);
  std::memset(large, 0xff, 2 * kSegmentSize);
  TestImage::record(large, 2 * kSegmentSize);
  heap->free(large);
  void *small = heap->allocate(48);
  EXPECT_EQ(check_message(*heap), "");
  std::byte *old_base = image->base();
  restart();
  EXPECT_EQ(check_message(*heap), "");
  EXPECT_EQ(heap->stats().block_count, 1u);
  EXPECT_EQ(heap->usable_size(moved(small, old_base)), 48u);
}

TEST_F(HeapTest, ResizeGrowsAMediumExtentIntoFreeUnitsOnly) {
  void *block = heap->allocate(300 << 10);
  EXPECT_TRUE(heap->resize_in_place(block, 1 << 20));
  EXPECT_EQ(heap->usable_size(block), 1u << 20);
  void *next = heap->allocate(1 << 20);
  EXPECT_EQ(next, static_cast<std::byte *>(block) + (1 << 20));
  EXPECT_FALSE(heap->resize_in_place(block, (1 << 20) + 1));
  EXPECT_EQ(heap->usable_size(block), 1u << 20);
  EXPECT_FALSE(heap->resize_in_place(block, 8 << 20));
  heap->free(next);
  EXPECT_TRUE(heap->resize_in_place(block, 2 << 20));
}

TEST_F(HeapTest, ResizeShrinksAnExtentAndGivesBackItsTail) {
  void *medium = heap->allocate(2 << 20);
  EXPECT_TRUE(heap->resize_in_place(medium, 1 << 20));
  EXPECT_EQ(heap->allocate(1 << 20), static_cast<std::byte *>(medium) + (1 << 20));
  void *large = heap->allocate(6 * kSegmentSize);
  EXPECT_TRUE(heap->resize_in_place(large, 4 * kSegmentSize - 5000));
  EXPECT_EQ(heap->usable_size(large), 4 * kSegmentSize - 4096);
  EXPECT_EQ(heap->allocate(2 * kSegmentSize), static_cast<std::byte *>(large) + 4 * kSegmentSize);
  EXPECT_FALSE(heap->resize_in_place(large, 5 * kSegmentSize));
  EXPECT_TRUE(heap->resize_in_place(large, 4 * kSegmentSize));
}

TEST_F(HeapTest, ResizeGrowsALargeExtentPastTheFrontier) {
  void *large = heap->allocate(5 << 20);
  EXPECT_TRUE(heap->resize_in_place(large, 100 << 20));
  EXPECT_TRUE(image->is_reserved(large, 100 << 20));
  EXPECT_FALSE(heap->resize_in_place(large, 65 * kSegmentSize));
  EXPECT_FALSE(heap->resize_in_place(large, ~size_t{0}));
  EXPECT_EQ(heap->usable_size(large), 100u << 20);
}

TEST_F(HeapTest, ResizeRefusesToKeepABlockMostlyEmpty) {
  void *small = heap->allocate(900);
  EXPECT_TRUE(heap->resize_in_place(small, 10));
  void *block = heap->allocate(100000);
  EXPECT_FALSE(heap->resize_in_place(block, 10));
  EXPECT_FALSE(heap->resize_in_place(block, 200000));
  EXPECT_TRUE(heap->resize_in_place(block, 60000));
}

TEST_F(HeapTest, FullHeapReturnsNullAndChangesNothing) {
  for (int i = 0; i < 64; ++i)
    ASSERT_NE(heap->allocate(kSegmentSize), nullptr);
  uint64_t before = image->record_bytes;
  for (size_t size : {size_t{1}, size_t{300} << 10, size_t{8} << 20, ~size_t{0}, ~size_t{0} / 2})
    EXPECT_EQ(heap->allocate(size), nullptr);
  EXPECT_EQ(heap->allocate_aligned(1, 1 << 20), nullptr);
  EXPECT_EQ(image->record_bytes, before);
}

TEST_F(HeapTest, FullDiskReturnsNullAndChangesNothing) {
  void *medium = heap->allocate(3 << 20);
  void *large = heap->allocate(kSegmentSize);
  uint64_t before = image->record_bytes;
  image->disk_full = true;
  EXPECT_EQ(heap->allocate(2 << 20), nullptr);
  EXPECT_EQ(heap->allocate(8 << 20), nullptr);
  EXPECT_FALSE(heap->resize_in_place(large, 8 << 20));
  EXPECT_EQ(image->record_bytes, before);
  EXPECT_NE(heap->allocate(100), nullptr); // room in the segment there is
  image->disk_full = false;
  EXPECT_NE(heap->allocate(8 << 20), nullptr);
  heap->free(medium);
}

TEST_F(HeapTest, AFullHeapGivesUpItsEmptySegmentForALargeExtent) {
  heap->free(heap->allocate(1 << 20));
  EXPECT_EQ(heap->stats().segment_bytes, kSegmentSize);
  EXPECT_NE(heap->allocate(64 * kSegmentSize), nullptr);
}

TEST_F(HeapTest, DoubleFreeAborts) {
  void *small = heap->allocate(64);
  void *medium = heap->allocate(1 << 20);
  void *large = heap->allocate(8 << 20);
  void *live = heap->allocate(64);
  EXPECT_DEATH(heap->free(static_cast<std::byte *>(live) + 16), "not the start of a live block");
  for (void *block : {small, medium, large})
    heap->free(block);
  EXPECT_DEATH(heap->free(small), "freed twice");
  EXPECT_DEATH(heap->free(medium), "not the start of a live block");
  EXPECT_DEATH(heap->free(large), "not the start of a live block");
  EXPECT_DEATH(heap->resize_in_place(small, 10), "not the start of a live block");
}

TEST_F(HeapTest, WhatIsFreedWithinAUnitIsAllocatedAgainWithoutARecord) {
  void *block = heap->allocate(100);
  const uint64_t before = image->record_bytes;
  for (int i = 0; i < 10; i++) {
    heap->free_within_unit(block);
    EXPECT_EQ(heap->allocate(100), block);
  }
  EXPECT_EQ(image->record_bytes, before);
  heap->free_within_unit(block);
  EXPECT_NE(heap->allocate(200), block);
}

TEST_F(HeapTest, WhatIsKeptForTheUnitIsFreeAfterItsEnd) {
  const uint64_t before = heap->stats().used_bytes;
  std::vector<void *> blocks;
  for (size_t size = 1; size < 700; size += 3)
    for (int i = 0; i < 40; i++)
      blocks.push_back(heap->allocate(size));
  for (void *block : blocks)
    heap->free_within_unit(block);
  EXPECT_GT(heap->stats().used_bytes, before) << "nothing was kept";
  heap->release_kept();
  EXPECT_EQ(heap->stats().used_bytes, before);
  restart();
  EXPECT_EQ(heap->stats().used_bytes, before);
}

TEST_F(HeapTest, AThreadThatEndsReleasesWhatItKept) {
  const uint64_t before = heap->stats().used_bytes;
  std::thread([&] {
    heap->free_within_unit(heap->allocate(100));
    heap->thread_exit();
  }).join();
  EXPECT_EQ(heap->stats().used_bytes, before);
}

TEST_F(HeapTest, DoubleFreeOfWhatIsKeptAborts) {
  void *block = heap->allocate(64);
  heap->free_within_unit(block);
  EXPECT_DEATH(heap->free_within_unit(block), "freed twice");
  EXPECT_DEATH(heap->free(block), "freed twice");
  heap->release_kept();
  EXPECT_DEATH(heap->free_within_unit(block), "freed twice");
}

TEST_F(HeapTest, UsableSizeAndBlocksAreTheSameAfterARestart) {
  std::vector<std::pair<void *, size_t>> blocks;
  for (size_t size : {0, 10, 129, 1000, 9000, 70000, 262144, 262145, 1 << 20, 4128768, 9000000}) {
    void *block = heap->allocate(size);
    blocks.emplace_back(block, heap->usable_size(block));
  }
  std::byte *old_base = image->base();
  restart();
  for (auto [block, size] : blocks)
    EXPECT_EQ(heap->usable_size(moved(block, old_base)), size);
  size_t next = 0;
  EXPECT_EQ(heap->stats().block_count, blocks.size());
  std::sort(blocks.begin(), blocks.end());
  heap->for_each_block([&](void *block, size_t size) {
    EXPECT_EQ(block, moved(blocks[next].first, old_base));
    EXPECT_EQ(size, blocks[next++].second);
  });
}

TEST_F(HeapTest, ALowerLimitKeepsWhatIsThereAndRefusesMore) {
  void *large = heap->allocate(8 * kSegmentSize);
  std::byte *old_base = image->base();
  image = image->restart();
  heap = image->heap();
  ASSERT_TRUE(heap->attach(4 * kSegmentSize).is_ok());
  EXPECT_EQ(heap->allocate(10), nullptr);
  heap->free(moved(large, old_base));
  EXPECT_NE(heap->allocate(4 * kSegmentSize), nullptr);
  EXPECT_EQ(heap->allocate(10), nullptr);
}

TEST_F(HeapTest, AttachWritesNothingAndReadsOnlyTheFirstPageOfASegment) {
  for (int i = 0; i < 50000; ++i)
    heap->allocate(200);
  image = image->restart();
  heap = image->heap();
  mprotect(image->base(), kMetadataEnd, PROT_READ);
  for (uint64_t i = 0; i < image->header().frontier; ++i) {
    mprotect(image->segment(i), kSegmentSize, PROT_NONE);
    mprotect(image->segment(i), kPageSize, PROT_READ);
  }
  EXPECT_TRUE(heap->attach(0).is_ok());
  mprotect(image->base(), image->bytes(), PROT_READ | PROT_WRITE);
  EXPECT_EQ(heap->stats().block_count, 50000u);
}

TEST_F(HeapTest, AThreadThatEndsGivesItsSlabsBack) {
  void *theirs = nullptr;
  std::thread([&] {
    theirs = heap->allocate(100);
    heap->allocate(100);
    heap->free(theirs);
    heap->free(heap->allocate(5000)); // a slab that ends empty
    heap->thread_exit();
  }).join();
  EXPECT_EQ(heap->allocate(100), theirs);
  heap->free(heap->allocate(1 << 20));
}

TEST_F(HeapTest, BlocksFreedByAnotherThreadAreUsedAgain) {
  std::vector<void *> blocks;
  for (int i = 0; i < 10000; ++i)
    blocks.push_back(heap->allocate(100));
  uint64_t before = heap->stats().segment_bytes;
  for (int round = 0; round < 20; ++round) {
    std::thread([&] {
      for (void *block : blocks)
        heap->free(block);
      heap->thread_exit();
    }).join();
    for (void *&block : blocks)
      block = heap->allocate(100);
  }
  EXPECT_EQ(heap->stats().segment_bytes, before);
}

TEST_F(HeapTest, AForkedChildAllocatesWhileParentThreadsAllocate) {
  std::atomic<bool> stop = false;
  std::thread busy([&] {
    while (!stop)
      heap->free(heap->allocate(20000));
    heap->thread_exit();
  });
  for (int i = 0; i < 20; ++i) {
    heap->lock_for_fork();
    pid_t child = fork();
    heap->unlock_after_fork();
    if (child == 0) {
      void *block = heap->allocate(30000);
      heap->free(block);
      _exit(block && heap->allocate(16) ? 0 : 1);
    }
    int status = 1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  stop = true;
  busy.join();
}

TEST_F(HeapTest, TwoHeapsInOneThreadDoNotMix) {
  void *first = heap->allocate(32);
  {
    TestImage other_image;
    auto other = other_image.heap();
    other->format(4 * kSegmentSize);
    size_t size = 0;
    void *second = other->allocate(32);
    EXPECT_EQ(heap->block_of(second, &size), nullptr);
    EXPECT_EQ(other->block_of(second, &size), second);
  }
  image = image->restart();
  heap = image->heap();
  ASSERT_TRUE(heap->attach(0).is_ok());
  EXPECT_NE(heap->allocate(32), first);
  EXPECT_EQ(heap->stats().block_count, 2u);
}

} // namespace perdure
