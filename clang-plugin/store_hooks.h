// SPDX-License-Identifier: Apache-2.0
//
// The instrumentation of one function: every instruction that may write memory gets a hook after
// it, or a reason why it needs none. Late in the pipeline, when inlining, vectorizing and idiom
// recognition have removed most stores.
#pragma once

#include "modelled_calls.h"

#include <llvm/ADT/DenseSet.h>

namespace perdure {

// What was done about the instructions of a function.
struct Coverage {
  // Instructions whose writes are accounted for: hooked, modelled or named. What is provably
  // volatile is left out, so that coverage proves it again.
  llvm::DenseSet<const llvm::Instruction *> covered;
  llvm::DenseSet<const llvm::Instruction *> transient; // of these: have no hook
};

// OUTLINE: call the runtime instead of the inline hook.
void instrumentStores(llvm::Function &function, const Facts &facts, CallHooks &calls,
                      const llvm::TargetLibraryInfo &library, bool outline, Coverage &coverage);

} // namespace perdure
