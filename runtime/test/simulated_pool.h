// SPDX-License-Identifier: Apache-2.0
//
// A pool on simulated files, and the tiny verbs of the tests: a state is a few 64-byte lines of the
// image, each epoch writes some of them.
#pragma once

#include "heap_layout.h"
#include "persist_simulated.h"
#include "pooled_image.h"
#include <cstring>
#include <gtest/gtest.h>

namespace perdure {

inline Pool pool_on(SimulatedStore &store) {
  Pool pool;
  pool.path = "simulated";
  pool.superblock_file = store.open("superblock");
  pool.image = store.open("image");
  pool.log = store.open("log");
  return pool;
}

inline Pool formatted_pool(SimulatedStore &store, uint64_t log_size) {
  Pool pool = pool_on(store);
  PoolOptions options;
  options.log_size = log_size;
  pool.superblock = fresh_superblock(options);
  Status status = format_pool(pool);
  EXPECT_TRUE(status.is_ok());
  return pool;
}

inline Result<Pool> reopened_pool(SimulatedStore &store) {
  Pool pool = pool_on(store);
  auto superblock = load_superblock(*pool.superblock_file);
  if (!superblock)
    return superblock.status();
  pool.superblock = *superblock;
  if (Status status = validate_pool(pool); !status)
    return status;
  return pool;
}

inline std::unique_ptr<PooledImage> started(Pool pool) {
  auto image = PooledImage::start(std::move(pool), false);
  EXPECT_TRUE(image.is_ok()) << image.status().message();
  return image ? std::move(*image) : nullptr;
}

inline std::unique_ptr<EpochRecord> record_of(uint64_t epoch, uint64_t offset,
                                              const std::string &bytes) {
  auto record = std::make_unique<EpochRecord>(epoch);
  record->add(offset, bytes.data(), bytes.size());
  return record;
}

inline std::string image_bytes_at(const StableFile &image, uint64_t offset, uint64_t size) {
  std::string bytes(size, '?');
  EXPECT_TRUE(image.read(offset, std::as_writable_bytes(std::span(bytes))).is_ok());
  return bytes;
}

} // namespace perdure
