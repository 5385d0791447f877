// SPDX-License-Identifier: Apache-2.0
//
// `perdure info --watch`: how a pool in use is doing, a line per interval.
#pragma once

#include "status.h"
#include <cstdint>
#include <string>

namespace perdure {

struct WatchOptions {
  std::string path;
  double seconds = 1;
  uint64_t count = 0; // lines; 0: until it is interrupted
  bool json = false;
};

// Errors: no pool. A process that ends or says nothing is a line, not an error.
Status watch(const WatchOptions &options);

} // namespace perdure
