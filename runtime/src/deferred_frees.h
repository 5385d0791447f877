// SPDX-License-Identifier: Apache-2.0
//
// Single mutator: blocks that other threads free. The mutator cuts by itself at its commit points,
// whatever the others do, so nobody else may be inside the allocator. Their blocks wait in a list,
// linked through their first word, and the mutator frees them before its next cut. Until then they
// are allocated: a crash meanwhile leaves blocks that nothing leads to.
#pragma once

namespace perdure {

// True if the caller is another thread than the one that passes commit points: BLOCK is listed.
// Async-signal-safe, lock-free.
bool defer_free(void *block);

// Frees what is listed. REQUIRES: the calling thread is the mutator.
void run_deferred_frees();

} // namespace perdure
