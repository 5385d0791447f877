// SPDX-License-Identifier: Apache-2.0
//
// `perdure backup` and `perdure restore`: copies of a pool that are pools. A backup is taken while
// a program has the pool open; a restore is the copy of a pool that was found sound first.
#pragma once

#include "status.h"
#include <string>

namespace perdure {

struct BackupOptions {
  std::string from;
  std::string to;       // must not exist
  std::string size;     // heap limit; empty: the source's
  std::string log_size; // empty: the source's
  std::string log;      // file for the redo log; empty: in the pool
  bool restore = false; // FROM must be sound, and in nobody's use
  bool json = false;
};

// Errors: what pool_copy.h says; TO exists; disk full. Nothing is left of TO then.
Status backup(const BackupOptions &options);

} // namespace perdure
