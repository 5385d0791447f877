// SPDX-License-Identifier: Apache-2.0
#include "write_set.h"
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <thread>

namespace perdure {
namespace {

// What the inline hook does (perdure/abi.h), with the reservation and the fill apart.
struct Writer {
  WriteSet set;
  uint64_t cursor = 0;

  uint64_t *reserve() {
    for (;;) {
      uint64_t slot = std::atomic_ref<uint64_t>(cursor).fetch_add(8);
      if (slot & PERDURE_CHUNK_FIRST_MASK)
        return reinterpret_cast<uint64_t *>(slot);
      set.extend(&cursor);
    }
  }
  static void fill(uint64_t *slot, uint64_t entry) {
    std::atomic_ref<uint64_t>(*slot).store(entry, std::memory_order_release);
  }
  void record(uint64_t entry) { fill(reserve(), entry); }
  std::vector<uint64_t> drain() {
    std::vector<uint64_t> entries;
    set.drain(entries);
    return entries;
  }
};

using Entries = std::vector<uint64_t>;

TEST(WriteSet, DrainTakesWhatWasRecordedOnce) {
  Writer writer;
  writer.record(1);
  writer.record(2);
  EXPECT_EQ(writer.drain(), (Entries{1, 2}));
  EXPECT_EQ(writer.drain(), Entries{});
}

TEST(WriteSet, IsDirtyUntilDrained) {
  Writer writer;
  EXPECT_FALSE(writer.set.dirty());
  writer.record(1);
  EXPECT_TRUE(writer.set.dirty());
  writer.drain();
  EXPECT_FALSE(writer.set.dirty());
  writer.record(2);
  EXPECT_TRUE(writer.set.dirty());
}

TEST(WriteSet, KeepsEverythingOverManyChunks) {
  Writer writer;
  Entries expected;
  for (uint64_t i = 1; i <= 5 * kSlotsPerChunk; i++) {
    writer.record(i);
    expected.push_back(i);
  }
  Entries drained = writer.drain();
  std::sort(drained.begin(), drained.end());
  EXPECT_EQ(drained, expected);
  EXPECT_LE(writer.set.backlog(), 1u);
}

TEST(WriteSet, AFullChunkNobodyExtendedYetIsClean) {
  Writer writer;
  for (uint64_t i = 1; i <= kSlotsPerChunk; i++)
    writer.record(i);
  EXPECT_EQ(writer.drain().size(), kSlotsPerChunk);
  EXPECT_FALSE(writer.set.dirty());
  writer.record(7);
  EXPECT_TRUE(writer.set.dirty());
  EXPECT_EQ(writer.drain(), Entries{7});
}

TEST(WriteSet, ReusesDrainedChunksWithoutOldEntries) {
  Writer writer;
  for (int round = 0; round < 10; round++) {
    for (uint64_t i = 1; i <= 3 * kSlotsPerChunk / 2; i++)
      writer.record(i);
    EXPECT_EQ(writer.drain().size(), 3 * kSlotsPerChunk / 2) << "round " << round;
  }
}

TEST(WriteSet, AnUnfilledSlotHoldsBackWhatIsBehindIt) {
  Writer writer;
  writer.record(1);
  uint64_t *reserved = writer.reserve(); // the owner stands between the hook's two steps
  writer.record(3);                      // a signal handler stores meanwhile
  EXPECT_EQ(writer.drain(), Entries{1});
  Writer::fill(reserved, 2);
  EXPECT_TRUE(writer.set.dirty());
  EXPECT_EQ(writer.drain(), (Entries{2, 3}));
}

TEST(WriteSet, AnUnfilledSlotOfALeftChunkIsNotLost) {
  Writer writer;
  uint64_t *reserved = writer.reserve();
  for (uint64_t i = 1; i <= kSlotsPerChunk + 5; i++)
    writer.record(i);
  EXPECT_EQ(writer.drain().size(), 6u); // those in the second chunk
  EXPECT_TRUE(writer.set.dirty());
  Writer::fill(reserved, 99);
  EXPECT_EQ(writer.drain().size(), kSlotsPerChunk);
  EXPECT_FALSE(writer.set.dirty());
}

TEST(WriteSet, DetachKeepsEntriesForTheNextDrain) {
  Writer writer;
  writer.record(1);
  writer.set.detach(&writer.cursor);
  EXPECT_EQ(writer.cursor, 0u);
  EXPECT_TRUE(writer.set.dirty());
  EXPECT_EQ(writer.drain(), Entries{1});
  EXPECT_EQ(writer.set.backlog(), 0u);
  writer.record(2);
  EXPECT_EQ(writer.drain(), Entries{2});
}

TEST(WriteSet, ADrainHandsOverSoManyAtATime) {
  Writer writer;
  for (uint64_t entry = 1; entry <= kSlotsPerChunk + 10; entry++)
    writer.record(entry);
  Entries entries, all;
  auto take = [&] {
    all.insert(all.end(), entries.begin(), entries.end());
    entries.clear();
  };
  writer.set.drain(entries, 100, [&] {
    EXPECT_EQ(entries.size(), 100u);
    take();
  });
  EXPECT_LT(entries.size(), 100u);
  take();
  ASSERT_EQ(all.size(), kSlotsPerChunk + 10u);
  for (size_t i = 0; i < all.size(); i++)
    ASSERT_EQ(all[i], i + 1);
  EXPECT_FALSE(writer.set.dirty());
}

TEST(WriteSet, RewindForgetsAndNeverGrows) {
  Writer writer;
  for (int i = 0; i < 100; i++) {
    writer.record(1);
    writer.set.rewind(&writer.cursor);
  }
  EXPECT_LE(writer.set.backlog(), 1u);
}

// Whoever finds the set clean may rely on the drain that is under way to take all it recorded.
TEST(WriteSet, NeverCleanWithAnEntryThatADrainUnderWayMissed) {
  std::atomic<Writer *> writer{nullptr};
  std::atomic<uint64_t> taken{0}, drains{0};
  std::atomic<bool> stop{false};
  std::thread cutter([&] {
    while (!stop) {
      if (Writer *current = writer.load())
        taken += current->drain().size();
      drains++;
    }
  });
  uint64_t missed = 0;
  for (int i = 0; i < 6000; i++) {
    auto *fresh = new Writer;
    taken = 0;
    writer = fresh;
    for (uint64_t recorded = 1; recorded <= 6; recorded++) {
      fresh->record(recorded);
      if (fresh->set.dirty())
        continue;
      for (uint64_t seen = drains; drains == seen && !stop;)
        ;
      missed += taken != recorded;
      break;
    }
    writer = nullptr;
    for (uint64_t seen = drains; drains < seen + 2;)
      ;
    munmap(reinterpret_cast<void *>(fresh->cursor & ~uint64_t{PERDURE_CHUNK_SIZE - 1}),
           PERDURE_CHUNK_SIZE);
    delete fresh;
  }
  stop = true;
  cutter.join();
  EXPECT_EQ(missed, 0u);
}

TEST(WriteSet, ConcurrentDrainsLoseNothing) {
  Writer writer;
  constexpr uint64_t kCount = 200'000;
  std::thread owner([&] {
    for (uint64_t i = 1; i <= kCount; i++)
      writer.record(i);
  });
  Entries all;
  while (all.size() < kCount) {
    writer.set.drain(all);
    std::this_thread::yield();
  }
  owner.join();
  std::sort(all.begin(), all.end());
  for (uint64_t i = 0; i < kCount; i++)
    ASSERT_EQ(all[i], i + 1);
}

} // namespace
} // namespace perdure
