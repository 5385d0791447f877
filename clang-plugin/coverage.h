// SPDX-License-Identifier: Apache-2.0
//
// The proof after instrumentation: walks the function again; whatever may write memory and is
// neither accounted for nor provably volatile is an error. A missed store would be silent data loss
// at the next crash.
#pragma once

#include "store_hooks.h"

namespace perdure {

void checkCoverage(const llvm::Function &function, const Facts &facts, const Coverage &coverage);

} // namespace perdure
