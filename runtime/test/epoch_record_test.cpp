// SPDX-License-Identifier: Apache-2.0
#include "epoch_payload.h"
#include "epoch_record.h"
#include <gtest/gtest.h>
#include <random>
#include <string>

namespace perdure {
namespace {

constexpr uint64_t kLimit = 1ull << 40;

// What applying RECORD to zeros at [offset, offset + size) gives; "unsound" if it cannot be
// decoded.
std::string replayed(const EpochRecord &record, uint64_t offset, uint64_t size) {
  std::string state(size, '\0');
  EpochPayloadReader reader(record.payload(), kLimit);
  ImageRange range;
  while (reader.next(range))
    for (uint64_t i = 0; i < range.length; ++i)
      state[range.offset - offset + i] = static_cast<char>(range.data[range.fill ? 0 : i]);
  return reader.sound() ? state : "unsound";
}

TEST(EpochRecord, ShortRangesAreKeptAsTheyAre) {
  EpochRecord record(1);
  record.add(100, "abc", 3);
  record.add(104, "d", 1);
  EXPECT_EQ(replayed(record, 100, 5), std::string("abc\0d", 5));
  EXPECT_EQ(record.payload().size(), 8u + 3 + 8 + 1);
}

TEST(EpochRecord, AnEmptyRangeAddsNothing) {
  EpochRecord record(1);
  record.add(100, "", 0);
  EXPECT_TRUE(record.empty());
}

TEST(EpochRecord, LaterRangesWin) {
  EpochRecord record(1);
  record.add(0, "aaaa", 4);
  record.add(1, "bb", 2);
  EXPECT_EQ(replayed(record, 0, 4), "abba");
}

TEST(EpochRecord, FreshZeroMemoryCostsAlmostNothing) {
  const std::vector<char> zeros(100 << 20);
  EpochRecord record(1);
  record.add(4096, zeros.data(), zeros.size());
  EXPECT_LT(record.payload().size(), 200u);
  EXPECT_EQ(replayed(record, 4096, zeros.size()), std::string(zeros.size(), '\0'));
}

TEST(EpochRecord, RangesBeyondTheFormatsLengthAreSplit) {
  std::mt19937_64 random(1);
  std::string bytes(20 << 20, '\0');
  for (size_t i = 0; i < bytes.size(); i += 8) {
    const uint64_t value = random();
    memcpy(&bytes[i], &value, 8);
  }
  EpochRecord record(1);
  record.add(77, bytes.data(), bytes.size());
  EXPECT_EQ(replayed(record, 77, bytes.size()), bytes);
}

TEST(EpochRecord, AnyMixOfRunsComesBack) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 200; ++round) {
    std::string bytes;
    while (bytes.size() < 2000) {
      const size_t length = random() % 300;
      if (random() % 2)
        bytes.append(length, static_cast<char>(random() % 3));
      else
        for (size_t i = 0; i < length; ++i)
          bytes.push_back(static_cast<char>(random()));
    }
    EpochRecord record(1);
    record.add(5, bytes.data(), bytes.size());
    ASSERT_EQ(replayed(record, 5, bytes.size()), bytes) << "round " << round;
  }
}

bool is_sound(std::span<const std::byte> payload) {
  EpochPayloadReader reader(payload, kLimit / 2);
  ImageRange range;
  while (reader.next(range)) {
  }
  return reader.sound();
}

bool word_is_sound(uint64_t word, size_t bytes_after) {
  std::vector<std::byte> payload(8 + bytes_after);
  memcpy(payload.data(), &word, 8);
  return is_sound(payload);
}

TEST(EpochPayload, RangesThatCannotBeAreRefused) {
  EXPECT_TRUE(word_is_sound(range_word(0, 4, false), 4));
  EXPECT_FALSE(word_is_sound(range_word(0, 4, false), 3)) << "data missing";
  EXPECT_FALSE(word_is_sound(range_word(0, 4, true), 0)) << "fill byte missing";
  EXPECT_FALSE(word_is_sound(range_word(0, 0, false), 0)) << "empty range";
  EXPECT_FALSE(word_is_sound(range_word(kLimit / 2, 1, false), 1)) << "starts past the limit";
  EXPECT_FALSE(word_is_sound(range_word(kLimit / 2 - 1, 2, false), 2)) << "ends past the limit";
  EXPECT_FALSE(is_sound(std::vector<std::byte>(7))) << "half a word";
}

} // namespace
} // namespace perdure
