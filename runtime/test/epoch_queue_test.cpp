// SPDX-License-Identifier: Apache-2.0
#include "epoch_queue.h"
#include <cstring>
#include <gtest/gtest.h>
#include <string>

namespace perdure {
namespace {

EpochRecord record_of(uint64_t epoch, size_t size) {
  EpochRecord record(epoch);
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; i++)
    bytes[i] = static_cast<char>('a' + (epoch + i / 100) % 26);
  record.add(epoch * 8, bytes.data(), bytes.size());
  return record;
}

std::string all_of(const EpochQueue &queue) {
  std::string all;
  queue.for_each_payload([&](std::span<const std::byte> payload) {
    all.append(reinterpret_cast<const char *>(payload.data()), payload.size());
  });
  return all;
}

std::string text_of(const EpochRecord &record) {
  return {reinterpret_cast<const char *>(record.payload().data()), record.payload().size()};
}

TEST(EpochQueue, KeepsPayloadsOfAllSizesInOrder) {
  EpochQueue queue;
  std::string expected;
  uint64_t epoch = 0;
  for (size_t size : {1ul, 200ul, 100'000ul, 3ul, 300'000ul, 5'000'000ul, 7ul})
    for (int copies = 0; copies < 30; copies++) {
      EpochRecord record = record_of(++epoch, size);
      expected += text_of(record);
      queue.add(std::move(record), {}, 64);
    }
  EXPECT_TRUE(all_of(queue) == expected); // not printed: megabytes
  EXPECT_EQ(queue.last_epoch(), epoch);
  EXPECT_EQ(queue.log_bytes(), 64 * epoch);
}

TEST(EpochQueue, ARecordCanBeUsedAgain) {
  EpochQueue queue;
  EpochRecord record(0);
  std::string expected;
  for (uint64_t epoch = 1; epoch < 100; epoch++) {
    record.set_epoch(epoch);
    const std::string bytes(epoch % 10 == 0 ? 200'000 : 20, 'x');
    record.add(8 * epoch, bytes.data(), bytes.size());
    expected += text_of(record);
    queue.add(std::move(record), {}, 64);
    record.clear();
    EXPECT_TRUE(record.empty());
  }
  EXPECT_TRUE(all_of(queue) == expected);
}

TEST(EpochQueue, ARecycledBlockIsFilledFromItsStart) {
  EpochQueue queue, applied;
  queue.add(record_of(1, 100), {}, 64);
  std::swap(queue, applied);
  EXPECT_TRUE(queue.empty());
  queue.add(record_of(2, 50), {}, 64);
  queue.recycle(std::move(applied));
  std::string expected = text_of(record_of(2, 50));
  for (uint64_t epoch = 3; epoch < 30; epoch++) {
    expected += text_of(record_of(epoch, 120'000));
    queue.add(record_of(epoch, 120'000), {}, 64);
  }
  EXPECT_TRUE(all_of(queue) == expected);
}

} // namespace
} // namespace perdure
