// SPDX-License-Identifier: Apache-2.0
//
// Types by name and module, roots by address, fields by offset.
#include "type_registry.h"
#include <gtest/gtest.h>

namespace perdure {
namespace {

TEST(TypeText, ArraysAndPointersAreTakenApartFromOutside) {
  EXPECT_EQ(parse_type("note*").element(), "note");
  EXPECT_EQ(parse_type("note*[16]").element(), "note*");
  EXPECT_EQ(parse_type("note*[16]").count, 16u);
  EXPECT_EQ(parse_type("int[2][3]").element(), "int[3]");
  EXPECT_EQ(parse_type("int[2][3]").count, 2u);
  EXPECT_EQ(parse_type("char[]").count, 0u);
  EXPECT_EQ(parse_type("void (*)(int)").kind, TypeText::Kind::kScalarOrRecord);
  EXPECT_EQ(base_of("note*[2]*"), "note");
  EXPECT_EQ(base_of("]"), "]");
}

class TypeRegistryTest : public testing::Test {
protected:
  TypeRegistryTest() {
    types.add({"pair", "", 16, {{"low", 0, 8, "long"}, {"high", 8, 4, "int"}}}, "a.c");
    types.add({"table", "", 104, {{"count", 0, 8, "long"}, {"pairs", 8, 96, "pair[2][3]"}}}, "a.c");
  }
  TypeRegistry types;
};

TEST_F(TypeRegistryTest, AFieldIsFoundThroughArraysAndRecords) {
  FieldPlace place = types.field_at("table", "", 104, 8 + 4 * 16 + 10);
  EXPECT_EQ(place.path, "pairs[1][1].high");
  EXPECT_EQ(place.type, "int");
  EXPECT_EQ(place.offset, 8u + 4 * 16 + 8);
  EXPECT_EQ(place.size, 4u);
  EXPECT_EQ(types.field_at("table", "", 104, 0).path, "count");
  EXPECT_EQ(types.field_at("pair[4]", "", 64, 40).path, "[2].high");
}

TEST_F(TypeRegistryTest, PaddingBelongsToTheRecordAroundIt) {
  FieldPlace place = types.field_at("table", "", 104, 8 + 12);
  EXPECT_EQ(place.path, "pairs[0][0]");
  EXPECT_EQ(place.type, "pair");
}

TEST_F(TypeRegistryTest, AModuleFindsItsOwnTypeOfACommonName) {
  types.add({"pair", "", 16, {{"low", 0, 8, "long"}, {"high", 8, 4, "int"}}}, "b.c");
  EXPECT_EQ(types.types().size(), 2u);
  types.add({"pair", "", 4, {{"x", 0, 4, "int"}}}, "c.c");
  types.add({"pair", "", 4, {{"x", 0, 4, "int"}}}, "c.c");
  EXPECT_EQ(types.types().size(), 3u);
  EXPECT_EQ(types.find("pair")->size, 16u);
  EXPECT_EQ(types.find("pair", "b.c")->size, 16u);
  EXPECT_EQ(types.find("pair", "c.c")->size, 4u);
  EXPECT_EQ(types.find("nothing"), nullptr);
}

TEST_F(TypeRegistryTest, ARootIsFoundByAnyOfItsBytes) {
  types.add_root({"head", 1000, 8, "table*", "a.c"});
  EXPECT_EQ(types.root_at(999), nullptr);
  EXPECT_EQ(types.root_at(1000), types.root("head"));
  EXPECT_EQ(types.root_at(1007)->type, "table*");
  EXPECT_EQ(types.root_at(1008), nullptr);
  EXPECT_EQ(types.root("tail"), nullptr);
}

} // namespace
} // namespace perdure
