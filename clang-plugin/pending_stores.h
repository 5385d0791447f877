// SPDX-License-Identifier: Apache-2.0
//
// The second half of the proof after instrumentation: that every store is recorded in time. A store
// is pending until an entry over its bytes follows; none may be pending where the thread can end a
// unit, publish anything, leave the function, or turn back in a loop.
#pragma once

#include "store_hooks.h"

namespace perdure {

void checkPendingStores(const llvm::Function &function, const Facts &facts,
                        const Coverage &coverage);

} // namespace perdure
