// SPDX-License-Identifier: Apache-2.0
//
// Objects in blocks, found along typed pointers from the roots.
#include "heap_test_image.h"
#include "object_graph.h"

namespace perdure {
namespace {

class ObjectGraphTest : public testing::Test {
protected:
  ObjectGraphTest() : heap(image.heap()), graph(image.base(), types, *heap) {
    heap->format(image.bytes() - kHeapOffset);
    types.add({"base", "", 16, {{"next", 0, 8, "base*"}, {"uses", 8, 4, "transient int"}}}, "a.c");
    types.add({"derived",
               "",
               48,
               {{"(base base)", 0, 16, "base"},
                {"sums", 16, 16, "long[2]"},
                {"peer", 32, 8, "base*"},
                {"more", 40, 8, "derived**"}}},
              "a.c");
    types.add({"impl", "", 16, {{"_M_start", 0, 8, "base**"}, {"_M_finish", 8, 8, "base**"}}},
              "a.c");
    types.add({"holder", "", 24, {{"list", 0, 16, "impl"}, {"rows", 16, 8, "row*"}}}, "a.c");
    types.add({"row", "", 8, {{"count", 0, 8, "long"}, {"cells", 8, 0, "base*[]"}}}, "a.c");
    types.add({"plain", "", 16, {{"first", 0, 8, "base*"}, {"exact", 8, 8, "derived*"}}}, "a.c");
    types.add_root({"root", kRootsOffset, 16, "plain", "a.c"});
    types.add_root({"lists", kRootsOffset + 64, 24, "holder", "a.c"});
  }
  uint64_t block(size_t size) {
    void *memory = heap->allocate(size);
    std::memset(memory, 0, size);
    return static_cast<uint64_t>(static_cast<std::byte *>(memory) - image.base());
  }
  void point(uint64_t at, uint64_t target) {
    const uint64_t address = kBase + target;
    std::memcpy(image.base() + at, &address, sizeof address);
  }
  // "TYPE.PATH from ROOT" of each, in order; "?" before what is not certain.
  std::string at(uint64_t offset) {
    std::string text;
    for (const ObjectGraph::Found &found : graph.around(offset))
      text += (text.empty() ? "" : ", ") + std::string(found.certain ? "" : "?") +
              std::string(found.type) + "." + found.field.path + " from " + std::string(found.root);
    return text;
  }

  TestImage image;
  std::unique_ptr<Heap> heap;
  TypeRegistry types;
  ObjectGraph graph;
  static constexpr uint64_t kRoot = kRootsOffset, kLists = kRootsOffset + 64;
};

TEST_F(ObjectGraphTest, APointerTellsTheTypeOfItsBlock) {
  const uint64_t object = block(48);
  point(kRoot + 8, object);
  graph.walk();
  EXPECT_EQ(at(object + 24), "derived.sums[1] from root");
  EXPECT_EQ(at(block(48)), "");
}

TEST_F(ObjectGraphTest, WhatABlockHasRoomForIsNotCertain) {
  const uint64_t object = block(48);
  point(kRoot, object);
  graph.walk();
  EXPECT_EQ(at(object + 8), "base.uses from root");
  EXPECT_EQ(at(object + 24), "?base.[1].uses from root");
  // Then a pointer says more.
  point(kRoot + 8, object);
  graph.walk();
  EXPECT_EQ(at(object + 24), "derived.sums[1] from root, ?base.[1].uses from root");
}

TEST_F(ObjectGraphTest, ObjectsInTheMiddleOfABlockBeginWhereTheyArePointedTo) {
  const uint64_t arena = block(256);
  point(kRoot + 8, arena + 96);
  point(arena + 96 + 32, arena + 64);
  graph.walk();
  EXPECT_EQ(at(arena + 96 + 20), "derived.sums[0] from root");
  EXPECT_EQ(at(arena + 72), "base.uses from root");
  EXPECT_EQ(at(arena + 32), "");
}

TEST_F(ObjectGraphTest, VectorsAndArraysWithoutLengthAreFollowed) {
  const uint64_t elements = block(64), row = block(64);
  const uint64_t in_vector = block(16), behind_it = block(16), in_row = block(16);
  point(kLists, elements);
  point(kLists + 8, elements + 16);
  point(elements + 8, in_vector);
  point(elements + 16, behind_it);
  point(kLists + 16, row);
  point(row + 8 + 3 * 8, in_row);
  graph.walk();
  EXPECT_EQ(at(in_vector), "base.next from lists");
  EXPECT_EQ(at(behind_it), "");
  EXPECT_EQ(at(in_row), "base.next from lists");
  EXPECT_EQ(at(row + 40), "row.cells from lists");
}

TEST_F(ObjectGraphTest, CyclesAndPointersToNothingEnd) {
  const uint64_t first = block(16), second = block(16);
  point(kRoot, first);
  point(first, second);
  point(second, first);
  point(kRoot + 8, kSlotSize - 8);
  graph.walk();
  EXPECT_EQ(at(second + 8), "base.uses from root");
  point(first, first + 12); // does not fit
  graph.walk();
  EXPECT_EQ(at(second + 8), "");
}

} // namespace
} // namespace perdure
