// SPDX-License-Identifier: Apache-2.0
//
// `perdure dump`: the roots of a pool and the objects that typed pointers lead to, by type and
// field, as text or JSON. docs/tools.md describes the output.
#pragma once

#include "status.h"

namespace perdure {

struct DumpOptions {
  std::string path;
  std::string root; // empty: all
  uint64_t objects_max = 10000;
  bool json = false;
};

// Takes the pool's lock, and reads. Errors: in use, no such root, damaged.
Status dump(const DumpOptions &options);

} // namespace perdure
