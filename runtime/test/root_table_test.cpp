// SPDX-License-Identifier: Apache-2.0
//
// Root table: adding, finding, refusing; every change is recorded; damage is named.
#include "heap_test_image.h"
#include "root_table.h"

namespace perdure {

class RootTableTest : public testing::Test {
protected:
  std::unique_ptr<TestImage> image = std::make_unique<TestImage>();
  RootTable table{image->base(), TestImage::host()};
};

TEST_F(RootTableTest, ZeroMetadataIsAnEmptyTable) {
  EXPECT_EQ(table.count(), 0u);
  EXPECT_EQ(table.find("x"), nullptr);
  EXPECT_TRUE(table.check().is_ok());
}

TEST_F(RootTableTest, RootsAreFoundAfterARestart) {
  ASSERT_TRUE(table.add("slabs.c:slabclass", kRootsOffset, 64).is_ok());
  ASSERT_TRUE(table.add("heads", kRootsOffset + 64, 8).is_ok());
  auto next = image->restart();
  RootTable found(next->base(), TestImage::host());
  ASSERT_EQ(found.count(), 2u);
  EXPECT_EQ(found.find("heads"), &found.at(1));
  EXPECT_EQ(found.find("heads")->offset, kRootsOffset + 64);
  EXPECT_EQ(found.find("slabs.c:slabclass")->size, 64u);
  EXPECT_EQ(found.find("head"), nullptr);
  EXPECT_TRUE(found.check().is_ok());
}

TEST_F(RootTableTest, OverlapIsExactToTheByte) {
  ASSERT_TRUE(table.add("a", kRootsOffset + 100, 50).is_ok());
  EXPECT_EQ(table.overlapping(kRootsOffset + 50, 50), nullptr);
  EXPECT_EQ(table.overlapping(kRootsOffset + 150, 50), nullptr);
  EXPECT_EQ(table.overlapping(kRootsOffset + 149, 1), &table.at(0));
  EXPECT_EQ(table.overlapping(kRootsOffset, 101), &table.at(0));
}

TEST_F(RootTableTest, BadEntriesAreRefusedAndChangeNothing) {
  ASSERT_TRUE(table.add("a", kRootsOffset, 8).is_ok());
  uint64_t before = image->record_bytes;
  EXPECT_FALSE(table.add("a", kRootsOffset + 64, 8).is_ok());
  EXPECT_FALSE(table.add("b", kRootsOffset + 7, 8).is_ok());
  EXPECT_FALSE(table.add("", kRootsOffset + 64, 8).is_ok());
  EXPECT_FALSE(table.add(std::string(104, 'k'), kRootsOffset + 64, 8).is_ok());
  EXPECT_FALSE(table.add("b", kRootsOffset + 64, 0).is_ok());
  EXPECT_FALSE(table.add("b", 0, 8).is_ok());
  EXPECT_FALSE(table.add("b", kHeapOffset - 4, 8).is_ok());
  EXPECT_FALSE(table.add("b", kRootsOffset + 64, ~0ull).is_ok());
  EXPECT_EQ(table.count(), 1u);
  EXPECT_EQ(image->record_bytes, before);
  EXPECT_TRUE(table.add(std::string(103, 'k'), kRootsOffset + 64, 8).is_ok());
}

TEST_F(RootTableTest, AFullTableIsAnError) {
  for (uint64_t i = 0; i < 32768; ++i) // far quicker than adding, which compares keys
    reinterpret_cast<RootEntry *>(image->base() + kRootTableOffset + 128)[i].size = 1;
  *reinterpret_cast<uint64_t *>(image->base() + kRootTableOffset) = 32768;
  EXPECT_FALSE(table.add("one more", kRootsOffset + 64, 8).is_ok());
}

TEST_F(RootTableTest, DamageIsNamedAndNothingIsReadOutsideTheTable) {
  ASSERT_TRUE(table.add("a", kRootsOffset, 8).is_ok());
  auto &entry = const_cast<RootEntry &>(table.at(0));
  RootEntry kept = entry;
  std::fill(std::begin(entry.key), std::end(entry.key), 'x');
  EXPECT_FALSE(table.check().is_ok());
  EXPECT_EQ(table.find("x"), nullptr);
  entry = kept;
  entry.offset = kHeapOffset;
  EXPECT_FALSE(table.check().is_ok());
  entry = kept;
  EXPECT_TRUE(table.check().is_ok());
  *reinterpret_cast<uint64_t *>(image->base() + kRootTableOffset) = ~0ull;
  EXPECT_FALSE(table.check().is_ok());
  EXPECT_EQ(table.find("nothing"), nullptr);
}

} // namespace perdure
