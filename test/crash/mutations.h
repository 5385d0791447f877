// SPDX-License-Identifier: Apache-2.0
//
// Mutation of the durability protocol: each step of durability_step.h is dropped, and a workload
// must fail because of it. What nothing objects to is either not needed or not tested.
#pragma once

#include <cstdint>
#include <string>

namespace perdure::crash {

// From now on the step of this name (without k) is dropped. False: there is none.
bool drop_step(const std::string &name);

// Drops one after the other, each in a process of its own. The exit status: 0 if all are objected
// to.
int run_mutations(uint64_t seed);

} // namespace perdure::crash
