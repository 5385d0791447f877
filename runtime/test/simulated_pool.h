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

inline constexpr auto kBlock = SimulatedStore::Medium::kBlock;
inline constexpr auto kMemory = SimulatedStore::Medium::kMemory;

inline PoolOptions simulated_options(uint64_t log_size) {
  PoolOptions options;
  options.path = "pool";
  options.log_size = log_size;
  return options;
}

inline Result<Pool> reopened_pool(SimulatedStore &store) {
  InStore here(store);
  return open_pool(simulated_options(0));
}

inline Pool formatted_pool(SimulatedStore &store, uint64_t log_size) {
  InStore here(store);
  const Status status = create_pool(simulated_options(log_size));
  EXPECT_TRUE(status.is_ok()) << status.message();
  return std::move(*reopened_pool(store));
}

// A file of the pool.
inline std::unique_ptr<StableFile> file_in(SimulatedStore &store, const std::string &name) {
  return store.open("pool/" + name);
}

// What a power cut now leaves if pending atom I survives, at its newest value, where KEEP(I).
inline std::unique_ptr<SimulatedStore> crashed(const SimulatedStore &store,
                                               const std::function<bool(size_t)> &keep) {
  const PowerCut cut = store.cut();
  return cut.leave([&](size_t atom) { return keep(atom) ? cut.newest(atom) : 0; });
}

inline std::unique_ptr<PooledImage> started(Pool pool) {
  auto image = PooledImage::start(std::move(pool), false);
  EXPECT_TRUE(image.is_ok()) << image.status().message();
  return image ? std::move(*image) : nullptr;
}

inline EpochRecord record_of(uint64_t epoch, uint64_t offset, const std::string &bytes) {
  EpochRecord record(epoch);
  record.add(offset, bytes.data(), bytes.size());
  return record;
}

inline std::string image_bytes_at(const StableFile &image, uint64_t offset, uint64_t size) {
  std::string bytes(size, '?');
  EXPECT_TRUE(image.read(offset, std::as_writable_bytes(std::span(bytes))).is_ok());
  return bytes;
}

} // namespace perdure
