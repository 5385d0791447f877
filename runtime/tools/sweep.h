// SPDX-License-Identifier: Apache-2.0
//
// `perdure sweep`: reports live blocks that no root reaches, and frees them if asked to.
// docs/tools.md describes the output and what it cannot know.
#pragma once

#include "status.h"

namespace perdure {

struct SweepOptions {
  std::string path;
  bool reclaim = false;
  bool json = false;
};

// Takes the pool's lock. Without RECLAIM it only reads; with it, all blocks are freed in one epoch,
// durable on return. Errors: in use, damaged, changed meanwhile, disk full.
Status sweep(const SweepOptions &options);

} // namespace perdure
