// SPDX-License-Identifier: Apache-2.0
//
// Objects whose bytes were left unrecorded (unrecorded_input) become data by being handed over:
// what a function passes by pointer to the function named is recorded then, each block as a whole.
// Early, before the call may be inlined or merged with another.
#pragma once

#include "facts_reader.h"

namespace perdure {

void recordHandOvers(llvm::Module &module, const Facts &facts);

} // namespace perdure
