// SPDX-License-Identifier: Apache-2.0
//
// Damaged metadata: check() names it, attach() refuses what it relies on, and neither crashes.
#include "heap.h"
#include "heap_test_image.h"
#include "root_table.h"
#include "size_class.h"
#include <cstring>
#include <random>

namespace perdure {

class HeapCheckTest : public testing::Test {
protected:
  HeapCheckTest() {
    auto heap = image.heap();
    heap->format(64 * kSegmentSize);
    heap->allocate(100);
    heap->allocate(50000);
    heap->allocate(1 << 20);
    heap->allocate(9 << 20);
    EXPECT_EQ(check_message(*heap), "");
    for (uint32_t unit = 1; unit < kUnitsPerSegment; ++unit) {
      UnitDescriptor found = descriptor(unit);
      if (found.kind == UnitKind::kSlab && found.size_class == size_class_of(100))
        slab = unit;
      if (found.kind == UnitKind::kExtent)
        extent = unit;
    }
  }
  UnitDescriptor descriptor(uint32_t unit) {
    return std::bit_cast<UnitDescriptor>(image.segment_header(0).units[unit]);
  }
  void set(uint32_t unit, UnitDescriptor descriptor) {
    image.segment_header(0).units[unit] = to_word(descriptor);
  }
  // Both check() and attach() say it.
  void expect_refused(const std::string &what) {
    EXPECT_NE(check_message(*image.heap()).find(what), std::string::npos)
        << check_message(*image.heap());
    Status status = image.heap()->attach(0);
    ASSERT_FALSE(status.is_ok());
    EXPECT_NE(status.message().find(what), std::string::npos) << status.message();
  }
  void expect_unsound(const std::string &what) {
    EXPECT_NE(check_message(*image.heap()).find(what), std::string::npos)
        << check_message(*image.heap());
  }

  TestImage image;
  uint32_t slab = 0, extent = 0; // in segment 0
};

TEST_F(HeapCheckTest, MissingMagicNumber) {
  image.header().magic ^= 1;
  expect_refused("no magic number");
}
TEST_F(HeapCheckTest, OtherVersion) {
  image.header().version = 9;
  expect_refused("version 9");
}
TEST_F(HeapCheckTest, FrontierPastTheImage) {
  image.header().frontier = 65;
  expect_refused("past the end of the image");
}
TEST_F(HeapCheckTest, FrontierBelowUsedSegments) {
  image.header().frontier = 1;
  expect_refused("segment 1 lies past the frontier but is not free");
}
TEST_F(HeapCheckTest, WhatLiesPastTheFrontierIsNotTakenForDescriptors) {
  auto heap = image.heap();
  ASSERT_TRUE(heap->attach(0).is_ok());
  const auto fresh = static_cast<uint32_t>(image.header().frontier);
  for (uint64_t &unit : image.segment_header(fresh).units)
    unit = to_word(UnitDescriptor{UnitKind::kTail, 0, 0, 255, 0});
  while (image.header().frontier == fresh)
    ASSERT_NE(heap->allocate(1 << 20), nullptr);
  size_t size;
  for (uint32_t unit = 0; unit < kUnitsPerSegment; ++unit)
    (void)heap->block_of(image.segment(fresh) + unit * kUnitSize, &size);
  EXPECT_EQ(check_message(*heap), "");
  EXPECT_TRUE(image.restart()->heap()->attach(0).is_ok());
}
TEST_F(HeapCheckTest, ReservedHeaderBytes) {
  image.header().reserved[400] = 1;
  expect_unsound("reserved bytes");
}
TEST_F(HeapCheckTest, UnknownSegmentKind) {
  image.entry(0).kind = SegmentKind(77);
  expect_refused("segment 0 is of unknown kind 77");
}
TEST_F(HeapCheckTest, LargeExtentThatLeavesTheHeap) {
  image.entry(1).value = 5000;
  expect_refused("segment 1 starts a large extent that leaves the heap");
}
TEST_F(HeapCheckTest, LargeExtentOfNoPages) {
  image.entry(1).value = 0;
  expect_refused("segment 1 starts a large extent that leaves the heap");
}
TEST_F(HeapCheckTest, LargeExtentWithABrokenTail) {
  image.entry(3).value = 1;
  expect_refused("segment 3 should continue the large extent at segment 1");
}
TEST_F(HeapCheckTest, LargeTailWithoutItsStart) {
  image.entry(1) = {};
  expect_refused("segment 2 continues a large extent that does not reach it");
}
TEST_F(HeapCheckTest, FreeSegmentWithAValue) {
  image.entry(1) = {SegmentKind::kFree, {}, 5};
  expect_refused("segment 1 is free but its table entry is not zero");
}
TEST_F(HeapCheckTest, SegmentHeaderOverwritten) {
  std::memset(image.segment(0), 0x55, 64);
  expect_refused("segment 0 has no segment header");
}
TEST_F(HeapCheckTest, SegmentHeaderOfAnotherSegment) {
  image.segment_header(0).index = 2;
  expect_refused("holds the header of segment 2");
}
TEST_F(HeapCheckTest, UnknownUnitKind) {
  set(slab, {UnitKind(9), 0, 1, 0, 0});
  expect_refused("is of unknown kind 9");
}
TEST_F(HeapCheckTest, UnknownSizeClass) {
  set(slab, {UnitKind::kSlab, kSizeClassCount, 1, 0, 0});
  expect_refused("slab of unknown size class");
}
TEST_F(HeapCheckTest, SlabOfTheWrongLength) {
  set(slab, {UnitKind::kSlab, size_class_of(65537), 1, 0, 0});
  expect_refused("length that is not its class's");
}
TEST_F(HeapCheckTest, RunThatLeavesTheSegment) {
  set(extent, {UnitKind::kExtent, 0, 64, 0, 0});
  expect_refused("starts a run that leaves the segment");
}
TEST_F(HeapCheckTest, RunsThatOverlap) {
  set(extent + 3, {UnitKind::kExtent, 0, 1, 0, 0});
  expect_refused("should continue the run at unit");
}
TEST_F(HeapCheckTest, TailWithoutItsRun) {
  set(extent, {});
  expect_refused("continues a run that does not reach it");
}
TEST_F(HeapCheckTest, HeaderUnitOfAnotherKind) {
  set(0, {});
  expect_refused("unit 0 is not described as the header");
}
TEST_F(HeapCheckTest, BitmapBitsPastTheLastBlock) {
  image.segment_header(0).bitmaps[slab][kBitmapWords - 1] = 1;
  expect_unsound("bitmap bits set where there is no block");
}
TEST_F(HeapCheckTest, BitmapOfAUnitThatIsNoSlab) {
  image.segment_header(0).bitmaps[extent][0] = 1;
  expect_unsound("bitmap bits set where there is no block");
}

TEST_F(HeapCheckTest, RandomDamageNeverCrashesCheckOrAttach) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 3000; ++i) {
    auto *header = reinterpret_cast<uint8_t *>(image.base());
    auto *table = reinterpret_cast<uint8_t *>(&image.entry(0));
    auto *units = reinterpret_cast<uint8_t *>(image.segment(0));
    uint8_t *place = i % 3 == 0   ? header + 16 + random() % 16
                     : i % 3 == 1 ? table + random() % 64
                                  : units + random() % 600;
    uint8_t kept = std::exchange(*place, static_cast<uint8_t>(random()));
    (void)image.heap()->check();
    if (auto heap = image.heap(); heap->attach(0).is_ok()) {
      (void)heap->stats();
      size_t size;
      (void)heap->block_of(image.segment(random() % 64) + random() % kSegmentSize, &size);
    }
    *place = kept;
  }
  EXPECT_EQ(check_message(*image.heap()), "");
}

} // namespace perdure
