// SPDX-License-Identifier: Apache-2.0
//
// Whether the program's signal handlers are counted (Mutator::in_handler): only for programs with
// modules that make entries ahead of their stores (deferred_lane.h). A handler may come between the
// two, so nothing it does settles its thread.
#pragma once

namespace perdure {

// From now on handlers that the program installs are called through one of the runtime's. REQUIRES:
// not in a signal handler.
void count_signal_handlers();

} // namespace perdure
