// SPDX-License-Identifier: Apache-2.0
//
// The pool's type table: its bytes, what a restart finds, damage; and what of a program's types and
// roots goes into it.
#include "heap_test_image.h"
#include "layout_check.h"
#include "type_table.h"

namespace perdure {
namespace {

const TypeLayout kPoint{"point", "", 16, {{"x", 0, 4, "int"}, {"next", 8, 8, "point*"}}};

class TypeTableTest : public testing::Test {
protected:
  std::byte *bytes() const { return image->base() + kTypeTableOffset; }
  uint32_t &entry_word(size_t index) { return reinterpret_cast<uint32_t *>(bytes() + 64)[index]; }
  std::string error() { return table.read() ? "" : table.read().status().message(); }

  std::unique_ptr<TestImage> image = std::make_unique<TestImage>();
  TypeTable table{image->base(), TestImage::host()};
};

TEST_F(TypeTableTest, ZeroMetadataIsAnEmptyTable) {
  ASSERT_TRUE(table.read().is_ok());
  EXPECT_TRUE(table.read()->empty());
}

// The bytes on disk are a promise to every later version: docs/pool_format.md shows them.
TEST_F(TypeTableTest, HasTheseBytes) {
  ASSERT_TRUE(table.add(kPoint).is_ok());
  std::vector<unsigned char> golden(64 + 104);
  auto put32 = [&](size_t at, uint32_t value) { std::memcpy(&golden[at], &value, 4); };
  put32(0, 104), put32(8, 1);                                   // bytes, count
  put32(64, 104), put32(68, 2), put32(72, 16);                  // entry: bytes, fields, size
  put32(80, 72), put32(84, 78);                                 // name, source
  put32(88, 0), put32(96, 4), put32(104, 79), put32(108, 81);   // x
  put32(112, 8), put32(120, 8), put32(128, 85), put32(132, 90); // next
  std::memcpy(&golden[64 + 72], "point\0\0x\0int\0next\0point*", 25);
  EXPECT_EQ(std::memcmp(bytes(), golden.data(), golden.size()), 0);
  EXPECT_EQ(bytes()[golden.size()], std::byte{0});
}

TEST_F(TypeTableTest, TypesAreFoundAfterARestart) {
  TypeLayout other{"point", "b.c", 0, {}};
  ASSERT_TRUE(table.add(kPoint).is_ok());
  ASSERT_TRUE(table.add(other).is_ok());
  auto next = image->restart();
  auto found = TypeTable(next->base(), TestImage::host()).read();
  ASSERT_TRUE(found.is_ok());
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].name, "point");
  EXPECT_TRUE((*found)[0].same_as(kPoint));
  EXPECT_EQ((*found)[1].source, "b.c");
  EXPECT_TRUE((*found)[1].fields.empty());
}

TEST_F(TypeTableTest, DamageIsNamedAndNothingIsReadOutsideTheTable) {
  ASSERT_TRUE(table.add(kPoint).is_ok());
  std::vector<std::byte> kept(bytes(), bytes() + 168);
  auto damage = [&](size_t offset, uint32_t value) {
    std::memcpy(bytes(), kept.data(), kept.size());
    std::memcpy(bytes() + offset, &value, 4);
    return error();
  };
  EXPECT_EQ(damage(8, 1), "");
  EXPECT_NE(damage(8, 2).find("counts 2 types and holds 1"), std::string::npos);
  EXPECT_NE(damage(4, 1).find("header"), std::string::npos);
  EXPECT_NE(damage(16, 1).find("header"), std::string::npos);
  EXPECT_NE(damage(0, 112).find("cut off"), std::string::npos);
  for (uint32_t length : {0u, 16u, 97u, 112u, ~7u})
    EXPECT_NE(damage(64, length).find("impossible length"), std::string::npos) << length;
  EXPECT_NE(damage(68, 4).find("more fields"), std::string::npos);
  EXPECT_NE(damage(68, ~0u).find("more fields"), std::string::npos);
  for (uint32_t text : {71u + 6, 104u, ~0u})
    EXPECT_NE(damage(80, text).find("no proper name"), std::string::npos) << text;
  EXPECT_NE(damage(104, 104).find("without proper name"), std::string::npos);
  for (uint32_t offset : {9u, 17u})
    EXPECT_NE(damage(112, offset).find("leaves the object"), std::string::npos) << offset;
  std::memcpy(bytes(), kept.data(), kept.size());
  std::memset(bytes() + 64 + 72, 'x', 32);
  EXPECT_NE(error().find("no proper name"), std::string::npos); // it does not end
}

TEST_F(TypeTableTest, FieldsThatShareALongTextAreDamage) {
  TypeLayout type{"t", "", 8, {}};
  for (int i = 0; i < 9; ++i)
    type.fields.push_back({i == 0 ? std::string(1000, 'n') : "", 0, 8, "long"});
  ASSERT_TRUE(table.add(type).is_ok());
  EXPECT_EQ(error(), "");
  for (int i = 1; i < 9; ++i) // their names become the first one's
    entry_word(6 + 6 * i + 4) = entry_word(6 + 4);
  EXPECT_NE(error().find("without proper name"), std::string::npos);
}

TEST_F(TypeTableTest, AFullTableIsAnErrorAndChangesNothing) {
  ASSERT_TRUE(table.add(kPoint).is_ok());
  TypeLayout large{std::string(kTypeTableBytesMax - 104 - 32, 'n'), "", 0, {}};
  EXPECT_TRUE(table.add(large).is_ok());
  EXPECT_FALSE(table.add({"x", "", 0, {}}).is_ok());
  ASSERT_TRUE(table.read().is_ok());
  EXPECT_EQ(table.count(), 2u);
}

TypeRegistry program_with(const TypeLayout &type) {
  TypeRegistry program;
  program.add(type, "a.c");
  program.add_root({"head", kRootsOffset, 8, "point*", "a.c"});
  program.add_root({"first", kRootsOffset + 64, 16, "point", "a.c"});
  return program;
}

class StoreLayoutsTest : public TypeTableTest {
protected:
  RootTable roots{image->base(), TestImage::host()};
};

TEST_F(StoreLayoutsTest, RootsOfAnOlderPoolGetTheirTypes) {
  ASSERT_TRUE(roots.add("head", kRootsOffset, 8).is_ok());
  ASSERT_TRUE(roots.add("first", kRootsOffset + 64, 16).is_ok());
  EXPECT_EQ(read_layouts(image->base())->root("head")->type, "");
  ASSERT_TRUE(store_layouts(image->base(), TestImage::host(), program_with(kPoint)).is_ok());
  auto next = image->restart();
  auto stored = read_layouts(next->base());
  ASSERT_TRUE(stored.is_ok()) << stored.status().message();
  EXPECT_EQ(stored->root("head")->type, "point*");
  EXPECT_EQ(stored->root("first")->type, "point");
  EXPECT_TRUE(stored->find("point")->same_as(kPoint));
  uint64_t before = next->record_bytes;
  ASSERT_TRUE(store_layouts(next->base(), TestImage::host(), program_with(kPoint)).is_ok());
  EXPECT_EQ(next->record_bytes, before) << "what the pool has is not stored again";
}

TEST_F(StoreLayoutsTest, ARootThatIsNoRecordIsNotTakenForOne) {
  ASSERT_TRUE(roots.add("count", kRootsOffset, 4).is_ok());
  TypeRegistry program;
  program.add_root({"count", kRootsOffset, 4, "int", "a.c"});
  ASSERT_TRUE(store_layouts(image->base(), TestImage::host(), program).is_ok());
  auto stored = read_layouts(image->base());
  EXPECT_EQ(stored->root("count")->type, "int");
  EXPECT_EQ(stored->find("int"), nullptr);
}

TEST_F(StoreLayoutsTest, ARootRemembersWhoseTypeOfOneNameItLeadsTo) {
  const TypeLayout other{"point", "", 8, {{"y", 0, 8, "long"}}};
  TypeRegistry program = program_with(kPoint);
  program.add(other, "b.c");
  program.add({"line", "", 16, {{"from", 0, 8, "point"}, {"to", 8, 8, "point"}}}, "b.c");
  program.add_root({"lines", kRootsOffset + 128, 8, "line*", "b.c"});
  program.add_root({"other", kRootsOffset + 192, 8, "point*", "b.c"});
  for (const auto &[offset, root] : program.roots())
    ASSERT_TRUE(roots.add(root.key, offset, root.size).is_ok());
  ASSERT_TRUE(store_layouts(image->base(), TestImage::host(), program).is_ok());
  auto stored = read_layouts(image->base());
  ASSERT_TRUE(stored.is_ok()) << stored.status().message();
  EXPECT_EQ(stored->root("head")->source, "");
  EXPECT_EQ(stored->root("lines")->source, "b.c");
  EXPECT_EQ(stored->root("other")->source, "b.c");
  EXPECT_EQ(layout_differences(*stored, program), std::vector<std::string>());
}

TEST_F(StoreLayoutsTest, ATypeThatIsThereTwiceDoesNotShiftTheNumbers) {
  ASSERT_TRUE(table.add(kPoint).is_ok());
  ASSERT_TRUE(table.add(kPoint).is_ok());
  ASSERT_TRUE(roots.add("count", kRootsOffset, 4).is_ok());
  TypeRegistry program;
  program.add_root({"count", kRootsOffset, 4, "int", "a.c"});
  ASSERT_TRUE(store_layouts(image->base(), TestImage::host(), program).is_ok());
  EXPECT_EQ(read_layouts(image->base())->root("count")->type, "int");
}

TEST_F(StoreLayoutsTest, ARootOfATypeThatDoesNotExistIsDamage) {
  ASSERT_TRUE(roots.add("head", kRootsOffset, 8).is_ok());
  roots.set_type(roots.at(0), 1);
  EXPECT_FALSE(read_layouts(image->base()).is_ok());
}

} // namespace
} // namespace perdure
