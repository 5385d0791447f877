// SPDX-License-Identifier: Apache-2.0
//
// What PERDURE_POOL or perdure_open() asks for.
#pragma once

#include "status.h"
#include <cstdint>
#include <string>
#include <string_view>

namespace perdure {

struct PoolOptions {
  std::string path;                // the pool directory
  std::string log_path;            // empty: "log" in the directory
  uint64_t size_max = 64ull << 30; // heap limit in bytes, up to 1 TiB - 16 GiB
  bool size_given = false;         // raise an existing pool's limit to size_max
  uint64_t log_size = 64ull << 20; // bytes, preallocated; used when the pool is created
  uint32_t async_ms = 0;           // 0: sync, else the longest time an update stays volatile
  bool emulate_pmem = false;       // treat a page-cache file as persistent memory (for tests)
};

// Parses
// "path[,size=N[K|M|G|T]][,durability=sync|async=MS][,log=PATH][,log_size=N][,emulate_pmem]".
Result<PoolOptions> parse_pool_options(std::string_view spec);

} // namespace perdure
