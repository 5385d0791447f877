// SPDX-License-Identifier: Apache-2.0
//
// The redo log: what is appended is read, and one test per way of breaking a record.
#include "crc32c.h"
#include "log_reader.h"
#include "log_writer.h"
#include "persist_simulated.h"
#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>

namespace perdure {
namespace {

class LogTest : public testing::Test {
protected:
  static constexpr uint64_t kCapacity = 8192;

  std::unique_ptr<LogWriter> writer_at(LogPosition tail) {
    return std::make_unique<LogWriter>(*file_, geometry_, tail);
  }
  LogPosition write(uint64_t epoch, const std::string &payload) {
    const LogPosition at = writer_->tail();
    EXPECT_TRUE(writer_->append(epoch, std::as_bytes(std::span(payload))).is_ok());
    return at;
  }
  // Payloads of the sealed epochs, joined with '|', and the reason for the end.
  std::string read(LogPosition start = {}, uint64_t epoch = 0) {
    LogReader reader(*file_, geometry_, start, epoch);
    std::string all;
    std::span<const std::byte> payload;
    while (reader.next(payload))
      all += std::string(reinterpret_cast<const char *>(payload.data()), payload.size()) + "|";
    end_ = reader.end();
    torn_ = reader.torn();
    damaged_ = reader.damaged();
    tail_ = reader.position();
    return all;
  }
  RecordHeader header_at(LogPosition at) {
    RecordHeader header;
    EXPECT_TRUE(
        file_->read(kLogDataOffset + at.offset, std::as_writable_bytes(std::span(&header, 1)))
            .is_ok());
    return header;
  }
  // Replaces the header at AT, with a checksum that fits unless the test is about that.
  void put_header(LogPosition at, RecordHeader header) {
    std::vector<std::byte> payload(std::min<uint64_t>(header.length, kCapacity - 64));
    EXPECT_TRUE(file_->read(kLogDataOffset + at.offset + sizeof header, payload).is_ok());
    header.crc = 0;
    header.crc = crc32c(crc32c(0, &header, sizeof header), payload.data(), payload.size());
    put(at.offset, &header, sizeof header);
  }
  void put(uint64_t offset, const void *bytes, size_t size) {
    EXPECT_TRUE(file_->write(kLogDataOffset + offset, {static_cast<const std::byte *>(bytes), size})
                    .is_ok());
  }

  SimulatedStore store_{SimulatedStore::Medium::kBlock};
  std::unique_ptr<StableFile> file_ = store_.open("log");
  LogGeometry geometry_{kCapacity, 64, 0xabcd, 1};
  std::unique_ptr<LogWriter> writer_ = writer_at({});
  LogEnd end_{};
  bool torn_ = false, damaged_ = false;
  LogPosition tail_;
};

TEST_F(LogTest, AnEmptyLogEndsAtOnce) {
  EXPECT_EQ(read(), "");
  EXPECT_EQ(end_, LogEnd::kZeroed);
  EXPECT_FALSE(torn_);
}

// A writer would never lay it so; taken for sound it would make more of the log used than there is.
TEST_F(LogTest, ARecordThatReachesIntoTheStartOfTheLogEndsIt) {
  const LogPosition start{256, 1, 1};
  writer_ = writer_at(start);
  write(1, std::string(kCapacity - 256 - sizeof(RecordHeader), 'a')); // up to the circle's end
  const LogPosition second = write(2, std::string(100, 'b'));
  RecordHeader header = header_at(second);
  header.length = 400;
  put_header(second, header); // its checksum covers the first record's start
  EXPECT_EQ(read(start).size(), kCapacity - 256 - sizeof(RecordHeader) + 1);
  EXPECT_EQ(end_, LogEnd::kBadLength);
}

TEST_F(LogTest, WhatIsAppendedIsRead) {
  write(1, "one");
  write(2, "");
  write(3, std::string(500, 'x'));
  EXPECT_EQ(read(), "one||" + std::string(500, 'x') + "|");
  EXPECT_EQ(tail_.offset, writer_->tail().offset);
  EXPECT_EQ(tail_.sequence, 4u);
}

TEST_F(LogTest, AnAppendTakesTheSpaceItSaid) {
  for (const uint64_t size : {0, 1, 16, 17, 1000, 5000}) {
    const uint64_t before = writer_->tail().offset + writer_->tail().lap * kCapacity;
    const uint64_t needed = writer_->space_needed(size);
    write(1, std::string(size, 'x'));
    EXPECT_EQ(writer_->tail().offset + writer_->tail().lap * kCapacity - before, needed);
  }
}

TEST_F(LogTest, AnEpochIsSplitWhereTheCircleEnds) {
  write(1, std::string(5000, 'a'));
  const LogPosition second = write(2, std::string(5000, 'b'));
  EXPECT_EQ(writer_->tail().lap, 2u);
  EXPECT_EQ(writer_->tail().sequence, 4u);
  EXPECT_EQ(read(second, 1), std::string(5000, 'b') + "|");
  EXPECT_EQ(end_, LogEnd::kNoRecord) << "the middle of epoch 1 is what lies behind";
  EXPECT_FALSE(torn_);
  EXPECT_FALSE(damaged_);
}

TEST_F(LogTest, AnEpochMayFillTheWholeCircle) {
  write(1, std::string(kCapacity - 48, 'a'));
  EXPECT_EQ(read().size(), kCapacity - 48 + 1);
  EXPECT_EQ(end_, LogEnd::kFull);
}

TEST_F(LogTest, ManyLapsAreReadFromAnyHorizon) {
  std::vector<LogPosition> starts;
  for (uint64_t epoch = 1; epoch <= 200; ++epoch)
    starts.push_back(write(epoch, std::string(epoch % 300, 'x')));
  for (uint64_t epoch = 190; epoch <= 200; ++epoch) {
    const std::string all = read(starts[epoch - 1], epoch - 1);
    EXPECT_EQ(std::ranges::count(all, '|'), static_cast<long>(201 - epoch));
  }
}

TEST_F(LogTest, ATornRecordIsIgnored) {
  write(1, "one");
  const LogPosition second = write(2, std::string(600, 'x'));
  put(second.offset + 512, std::string(64, 'y').data(), 64);
  EXPECT_EQ(read(), "one|");
  EXPECT_EQ(end_, LogEnd::kBadChecksum);
  EXPECT_TRUE(torn_);
  EXPECT_FALSE(damaged_);
}

TEST_F(LogTest, ADamagedHeaderBitIsABadChecksum) {
  const LogPosition first = write(1, "one");
  RecordHeader header = header_at(first);
  header.crc ^= 1;
  put(first.offset, &header, sizeof header);
  EXPECT_EQ(read(), "");
  EXPECT_EQ(end_, LogEnd::kBadChecksum);
}

TEST_F(LogTest, AnImpossibleLengthIsRefusedBeforeItIsUsed) {
  const LogPosition first = write(1, "one");
  RecordHeader header = header_at(first);
  header.length = kCapacity;
  put_header(first, header);
  EXPECT_EQ(read(), "");
  EXPECT_EQ(end_, LogEnd::kBadLength);
}

TEST_F(LogTest, AZeroedTailIsTheEnd) {
  write(1, "one");
  const LogPosition second = write(2, "two");
  put(second.offset, std::string(64, '\0').data(), 64);
  EXPECT_EQ(read(), "one|");
  EXPECT_EQ(end_, LogEnd::kZeroed);
}

TEST_F(LogTest, GarbageIsNoRecord) {
  put(0, std::string(64, 'g').data(), 64);
  EXPECT_EQ(read(), "");
  EXPECT_EQ(end_, LogEnd::kNoRecord);
}

TEST_F(LogTest, ARecordOfAnEarlierLapIsStale) {
  const LogPosition first = write(1, "one");
  RecordHeader header = header_at(first);
  put_header(first, header);
  EXPECT_EQ(read({0, 1, 2}), "");
  EXPECT_EQ(end_, LogEnd::kStale);
}

TEST_F(LogTest, ARecordOfAnEarlierSequenceIsStale) {
  write(1, "one");
  EXPECT_EQ(read({0, 7, 1}), "");
  EXPECT_EQ(end_, LogEnd::kStale);
}

// The tail of run 1 was cut off at record 2; run 2 writes a record of the same size over it. What
// run 1 left behind fits in sequence and lap, but must not continue run 2.
TEST_F(LogTest, ARecordOfAnEarlierRunIsStale) {
  write(1, "one");
  const LogPosition second = write(2, "two");
  write(3, "three");
  geometry_.run = 2;
  writer_ = writer_at(second);
  write(2, "TWO");
  EXPECT_EQ(read(), "one|TWO|");
  EXPECT_EQ(end_, LogEnd::kStale);
  EXPECT_FALSE(damaged_);
}

TEST_F(LogTest, ARecordOfAnotherPoolIsRefused) {
  write(1, "one");
  geometry_.pool = 0xdcba;
  EXPECT_EQ(read(), "");
  EXPECT_EQ(end_, LogEnd::kWrongPool);
}

TEST_F(LogTest, AMissingRecordIsAGapInTheSequence) {
  write(1, "one");
  EXPECT_EQ(read({0, 0, 1}), "");
  EXPECT_EQ(end_, LogEnd::kWrongSequence);
}

TEST_F(LogTest, ARecordOfAnotherEpochIsRefused) {
  write(1, "one");
  write(3, "three");
  EXPECT_EQ(read(), "one|");
  EXPECT_EQ(end_, LogEnd::kWrongEpoch);
}

TEST_F(LogTest, UnknownFlagsAreRefused) {
  const LogPosition first = write(1, "one");
  RecordHeader header = header_at(first);
  header.flags |= 4;
  put_header(first, header);
  EXPECT_EQ(read(), "");
  EXPECT_EQ(end_, LogEnd::kWrongFlags);
}

TEST_F(LogTest, ReservedBitsAreRefused) {
  const LogPosition first = write(1, "one");
  RecordHeader header = header_at(first);
  header.reserved = 1;
  put_header(first, header);
  EXPECT_EQ(read(), "");
  EXPECT_EQ(end_, LogEnd::kWrongFlags);
}

TEST_F(LogTest, AnEpochWithoutItsSealIsIgnored) {
  write(1, "one");
  const LogPosition second = write(2, "two");
  RecordHeader header = header_at(second);
  header.flags = kRecordFirst;
  put_header(second, header);
  EXPECT_EQ(read(), "one|");
  EXPECT_EQ(end_, LogEnd::kUnsealed);
  EXPECT_TRUE(torn_);
  EXPECT_EQ(tail_.offset, second.offset) << "the next epoch replaces the unsealed one";
}

TEST_F(LogTest, ABrokenRecordBeforeGoodOnesIsDamageNotATornTail) {
  write(1, "one");
  const LogPosition second = write(2, "two");
  write(3, "three");
  put(second.offset + 48, "TWO", 3);
  EXPECT_EQ(read(), "one|");
  EXPECT_EQ(end_, LogEnd::kBadChecksum);
  EXPECT_TRUE(damaged_);
}

TEST_F(LogTest, AZeroedRecordBeforeGoodOnesIsDamage) {
  write(1, "one");
  const LogPosition second = write(2, "two");
  write(3, "three");
  put(second.offset, std::string(64, '\0').data(), 64);
  EXPECT_EQ(read(), "one|");
  EXPECT_TRUE(damaged_);
}

TEST_F(LogTest, AStartThatWasOverwrittenSinceIsDamage) {
  for (uint64_t epoch = 1; epoch <= 20; ++epoch)
    write(epoch, std::string(1000, 'x'));
  EXPECT_EQ(read(), "");
  EXPECT_TRUE(damaged_) << "the superblock is older than the log";
}

TEST_F(LogTest, ARecordOfARunTheSuperblockDoesNotKnowIsDamage) {
  geometry_.run = 2;
  writer_ = writer_at({});
  write(1, "one");
  geometry_.run = 1;
  EXPECT_EQ(read(), "");
  EXPECT_TRUE(damaged_);
}

// The bytes on disk are a promise to every later version: this test changes only with kLogVersion.
TEST_F(LogTest, ARecordHasTheseBytes) {
  geometry_ = {kCapacity, 64, 0x11223344, 7};
  writer_ = writer_at({0, 0x0102030405060708, 9});
  write(5, "perdure");
  const unsigned char golden[64] = {0x50, 0x52, 0x52, 0x43, 0x00, 0x00, 0x00, 0x00, 5,   0,   0,
                                    0,    0,    0,    0,    0,    8,    7,    6,    5,   4,   3,
                                    2,    1,    9,    0,    0,    0,    7,    0,    0,   0,   0x44,
                                    0x33, 0x22, 0x11, 7,    0,    0,    0,    3,    0,   0,   0,
                                    0,    0,    0,    0,    'p',  'e',  'r',  'd',  'u', 'r', 'e'};
  unsigned char found[64];
  ASSERT_TRUE(file_->read(kLogDataOffset, std::as_writable_bytes(std::span(found))).is_ok());
  EXPECT_EQ(header_at({}).crc, crc32c(0, golden, 48 + 7));
  memset(found + 4, 0, 4);
  EXPECT_EQ(memcmp(found, golden, 55), 0);
}

TEST(Crc32c, MatchesThePublishedCheckValue) {
  EXPECT_EQ(crc32c(0, "123456789", 9), 0xE3069283u);
  EXPECT_EQ(crc32c(crc32c(0, "1234", 4), "56789", 5), 0xE3069283u);
}

} // namespace
} // namespace perdure
