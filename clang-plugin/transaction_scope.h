// SPDX-License-Identifier: Apache-2.0
//
// Early: what stands at function entries, at every exit and around calls: units of transaction
// functions, pauses of commit points, start-up functions that are skipped or run and then restored,
// recovery, gated outputs. Exits are found by EscapeEnumerator, so unwinding is one of them.
#pragma once

#include "facts_reader.h"

namespace perdure {

void insertScopes(llvm::Module &module, const Facts &facts);

// Late: around each setjmp, so that a longjmp out of units leaves the depth of the frame it returns
// to. Late, because inlining must have settled which frame that is.
void insertSetjmpGuards(llvm::Function &function);

} // namespace perdure
