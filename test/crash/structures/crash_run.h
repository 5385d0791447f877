// SPDX-License-Identifier: Apache-2.0
//
// One structure under random operations on simulated storage, crashed: at sampled crash points, and
// again in recovery. What the next run finds must be what the model held after some number of
// operations, not less than were acknowledged; the structure's invariants and the heap must hold,
// and live blocks be exactly those that the structure consists of. Then it must work on.
#pragma once

#include "choice.h"
#include "model.h"
#include "persist_simulated.h"

#include <atomic>

namespace perdure::crash {

using Medium = SimulatedStore::Medium;

struct RunPlan {
  uint64_t seed;
  size_t operations;
  size_t points_max; // crash points that are tried, of all that there were
  Thoroughness images;
};

// In memory that the processes share.
struct Totals {
  std::atomic<uint64_t> runs, operations, points, states, states_in_recovery;
};

// Prints what is wrong, if anything is, and returns false. REQUIRES: a process of its own, in which
// no pool was opened.
bool run_and_crash(const structure &structure, Medium medium, const RunPlan &plan, Totals &totals);

} // namespace perdure::crash
