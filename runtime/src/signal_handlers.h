// SPDX-License-Identifier: Apache-2.0
//
// The program's signal handlers, called through one of the runtime's (interpose_signals.cpp), for
// two reasons. Handlers are counted (Mutator::in_handler), for modules that make entries ahead of
// their stores (deferred_lane.h): a handler may come between the two, so nothing it does settles
// its thread. And a handler can be put off (held_signals.h), for programs with a pool.
#pragma once

namespace perdure {

// From now on handlers that the program installs, or has installed, are called through the
// runtime's. REQUIRES: not in a signal handler.
void wrap_signal_handlers();

} // namespace perdure
