// SPDX-License-Identifier: Apache-2.0
//
// Runs a workload and tries crashes: at each crash point images are made, recovered and judged; the
// recovery of some is crashed again, and that recovery again. A crash is named by its path:
// "12/one:3,5/all" is image one:3 at crash point 12, and image all at point 5 of its recovery.
#pragma once

#include "choice.h"
#include "workload.h"
#include <atomic>
#include <optional>
#include <string>
#include <vector>

namespace perdure::crash {

struct Crash {
  uint64_t point;
  Choice choice;
};
using Path = std::vector<Crash>;

std::string to_string(const Path &path);
std::optional<Path> parse_path(const std::string &text);

struct Plan {
  uint64_t seed = 1;
  uint64_t states_max = ~0ull; // stop after so many crash images
  double seconds_max = 1e9;
  Path only = {};           // try this crash alone
  uint64_t points_step = 1; // of the workload's crash points, take one of so many
  size_t atoms_max = 12;    // of a cut too large for all images; see Thoroughness
  size_t randoms = 8;
  size_t depth_max = 3;
};

struct Outcome {
  uint64_t states = 0; // crash images recovered and judged
  uint64_t points = 0; // crash points of the workload
  size_t atoms_max = 0;
  std::string problem; // empty: none
  Path path;           // to it
};

Outcome explore(const WorkloadInfo &workload, Medium medium, const Plan &plan);

} // namespace perdure::crash
