// SPDX-License-Identifier: Apache-2.0
#include "epoch_record.h"
#include "image_writer.h"
#include "persist_simulated.h"
#include <cstring>
#include <gtest/gtest.h>
#include <random>

namespace perdure {
namespace {

constexpr uint64_t kSize = 300'000;

// Applies random epochs in batches, and to a model one range after the other.
TEST(ImageWriter, EqualsApplyingRangeByRange) {
  std::mt19937_64 random(3);
  SimulatedStore store(SimulatedStore::Medium::kBlock);
  auto image = store.open("image");
  std::string model(kSize, '\0');
  for (int batch = 0; batch < 60; ++batch) {
    ImageWriter writer(*image, kSize);
    std::vector<EpochRecord> records;
    for (uint64_t epoch = 0; epoch < random() % 20; ++epoch) {
      records.emplace_back(epoch);
      for (uint64_t range = 0; range < random() % 30; ++range) {
        const uint64_t length = 1 + random() % (random() % 10 == 0 ? 150'000 : 40);
        const uint64_t offset =
            random() % 3 ? random() % 5000 % (kSize - length) : random() % (kSize - length);
        const std::string bytes(length, static_cast<char>(random() % 4));
        records.back().add(offset, bytes.data(), length);
        model.replace(offset, length, bytes);
      }
      ASSERT_TRUE(writer.add(records.back().payload()));
    }
    ASSERT_TRUE(writer.apply().is_ok());
    std::string found(kSize, '?');
    ASSERT_TRUE(image->read(0, std::as_writable_bytes(std::span(found))).is_ok());
    ASSERT_EQ(found, model) << "batch " << batch;
  }
}

TEST(ImageWriter, ALineWrittenByManyEpochsIsWrittenOnce) {
  SimulatedStore store(SimulatedStore::Medium::kBlock);
  auto image = store.open("image");
  ImageWriter writer(*image, kSize);
  std::vector<EpochRecord> records;
  for (uint64_t epoch = 0; epoch < 100; ++epoch)
    records.emplace_back(epoch).add(64, "12345678", 8);
  for (const EpochRecord &record : records)
    ASSERT_TRUE(writer.add(record.payload()));
  ASSERT_TRUE(writer.apply().is_ok());
  EXPECT_EQ(writer.bytes_written(), 8u);
}

TEST(ImageWriter, ZerosPastTheEndOfTheFileAreNotWritten) {
  SimulatedStore store(SimulatedStore::Medium::kBlock);
  auto image = store.open("image");
  ImageWriter writer(*image, 1ull << 40);
  const std::vector<char> zeros(50 << 20);
  EpochRecord record(1);
  record.add(1 << 30, zeros.data(), zeros.size());
  ASSERT_TRUE(writer.add(record.payload()));
  ASSERT_TRUE(writer.apply().is_ok());
  EXPECT_EQ(image->size(), 0u);
  EXPECT_EQ(writer.high_water(), 0u);
}

TEST(ImageWriter, ZerosOverOldDataAreWritten) {
  SimulatedStore store(SimulatedStore::Medium::kBlock);
  auto image = store.open("image");
  const std::string old(200'000, 'x');
  ASSERT_TRUE(image->write(0, std::as_bytes(std::span(old))).is_ok());
  ImageWriter writer(*image, kSize);
  const std::vector<char> zeros(old.size());
  EpochRecord record(1);
  record.add(0, zeros.data(), zeros.size());
  ASSERT_TRUE(writer.add(record.payload()));
  ASSERT_TRUE(writer.apply().is_ok());
  std::string found(old.size(), '?');
  ASSERT_TRUE(image->read(0, std::as_writable_bytes(std::span(found))).is_ok());
  EXPECT_EQ(found, std::string(old.size(), '\0'));
}

// The kernel tells of it once: the sync that follows would find nothing wrong.
TEST(ImageWriter, WhatTheDeviceDoesNotTakeMeanwhileIsAnErrorForGood) {
  SimulatedStore store(SimulatedStore::Medium::kBlock);
  auto image = store.open("image");
  store.fail_write_backs();
  ImageWriter writer(*image, 1ull << 30);
  std::vector<EpochRecord> records;
  const std::string page(4096, 'x');
  for (uint64_t at = 0; at < 1 << 20; at += page.size())
    records.emplace_back(1).add(at, (page + std::to_string(at)).data(), page.size() + 1);
  for (const EpochRecord &record : records)
    ASSERT_TRUE(writer.add(record.payload()));
  EXPECT_FALSE(writer.apply().is_ok());
  EXPECT_FALSE(image->persist().is_ok());
}

TEST(ImageWriter, AnUnsoundPayloadIsRefused) {
  SimulatedStore store(SimulatedStore::Medium::kBlock);
  auto image = store.open("image");
  ImageWriter writer(*image, kSize);
  EpochRecord record(1);
  record.add(kSize - 1, "ab", 2);
  EXPECT_FALSE(writer.add(record.payload()));
}

} // namespace
} // namespace perdure
