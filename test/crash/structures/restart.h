// SPDX-License-Identifier: Apache-2.0
//
// A process opens one pool. A crash test opens many in one: the runtime is stopped, forgotten, and
// started anew, as if the program had been.
#pragma once

#include "persist_simulated.h"
#include "status.h"

namespace perdure::crash {

// Opens the pool in STORE, creating it if there is none. Persistent globals then hold what it
// holds. REQUIRES: one thread; STORE outlives the runtime.
Status start_program(SimulatedStore &store);
// As at exit: a last cut, the pool closed.
void stop_program();

} // namespace perdure::crash
