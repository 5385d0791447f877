// SPDX-License-Identifier: Apache-2.0
#include "deferred_lane.h"
#include <algorithm>
#include <gtest/gtest.h>

namespace perdure {
namespace {

using Entries = std::vector<uint64_t>;

// A lane that keeps many keeps each once.
Entries distinct(Entries entries) {
  std::sort(entries.begin(), entries.end());
  entries.erase(std::unique(entries.begin(), entries.end()), entries.end());
  return entries;
}

// The owner's side, as perdure/source.h has it.
struct Writer {
  DeferredLane lane;
  uint64_t cursor = 0;

  void note(uint64_t entry) {
    uint64_t slot;
    while (!((slot = std::atomic_ref<uint64_t>(cursor).fetch_add(8)) & PERDURE_CHUNK_FIRST_MASK))
      lane.set().extend(&cursor);
    std::atomic_ref<uint64_t>(*reinterpret_cast<uint64_t *>(slot)).store(entry);
  }
  void settle() { lane.set().settle(cursor); }
  Entries drain(bool at_cut) {
    Entries entries;
    lane.drain(at_cut, entries);
    return entries;
  }
};

TEST(DeferredLane, AnEntryIsReadAtEveryCutUntilItIsSettled) {
  Writer writer;
  writer.note(1);
  EXPECT_EQ(writer.drain(true), Entries{1});
  EXPECT_EQ(writer.drain(true), Entries{1}) << "its store may come after the first cut";
  writer.settle();
  EXPECT_EQ(writer.drain(true), Entries{1}) << "its store may have come after the second cut";
  EXPECT_EQ(writer.drain(true), Entries{});
}

TEST(DeferredLane, NothingIsTakenAheadThatIsNotSettled) {
  Writer writer;
  writer.note(1);
  EXPECT_EQ(writer.drain(false), Entries{});
  writer.settle();
  EXPECT_EQ(writer.drain(false), Entries{1});
  EXPECT_EQ(writer.drain(true), Entries{}) << "taken ahead, it is as one made after its store";
}

TEST(DeferredLane, IsDirtyUntilASettledEntryIsTaken) {
  Writer writer;
  EXPECT_FALSE(writer.lane.dirty());
  writer.note(1);
  EXPECT_TRUE(writer.lane.dirty());
  writer.drain(true);
  EXPECT_TRUE(writer.lane.dirty());
  writer.settle();
  EXPECT_TRUE(writer.lane.dirty());
  writer.drain(true);
  EXPECT_FALSE(writer.lane.dirty());
}

TEST(DeferredLane, WhatIsNotedAfterSettlingKeepsEarlierEntriesToo) {
  Writer writer;
  writer.note(1);
  writer.settle();
  writer.note(2);
  EXPECT_EQ(writer.drain(false), Entries{});
  EXPECT_EQ(writer.drain(true), (Entries{1, 2}));
  EXPECT_EQ(writer.drain(true), (Entries{1, 2}));
}

// A chunk comes back from the cutter: a cursor that was settled in its first life says nothing.
TEST(DeferredLane, AReusedChunkIsNotSettledByItsPast) {
  Writer writer;
  writer.note(1);
  uint64_t first_chunk = writer.cursor;
  writer.settle();
  for (uint32_t i = 0; i < kSlotsPerChunk; i++)
    writer.note(2);
  writer.drain(true); // the first chunk is free, and the only one
  for (uint32_t i = 0; i < kSlotsPerChunk && writer.cursor != first_chunk; i++)
    writer.note(3);
  ASSERT_EQ(writer.cursor, first_chunk);
  EXPECT_EQ(distinct(writer.drain(true)), (Entries{1, 2, 3}));
  EXPECT_EQ(distinct(writer.drain(true)), (Entries{1, 2, 3})) << "nothing was settled since";
}

TEST(DeferredLane, ALongUnitKeepsEachEntryOnce) {
  Writer writer;
  for (uint64_t i = 0; i < 200000; i++) {
    writer.note(1 + i % 10);
    if (i % 1000 == 0)
      writer.drain(false);
  }
  EXPECT_LT(writer.lane.kept(), 20000u);
  EXPECT_EQ(distinct(writer.drain(true)), (Entries{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
}

TEST(DeferredLane, AThreadThatEndedIsSettled) {
  Writer writer;
  writer.note(1);
  writer.lane.set().detach(&writer.cursor);
  writer.lane.set().settle(0);
  EXPECT_EQ(writer.drain(true), Entries{1});
  EXPECT_FALSE(writer.lane.dirty());
}

} // namespace
} // namespace perdure
