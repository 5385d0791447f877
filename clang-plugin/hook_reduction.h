// SPDX-License-Identifier: Apache-2.0
//
// Fewer hooks: neighbouring stores to one object, with nothing between them that another thread, a
// cut or a signal could make use of, get one hook after the last of them, over all their bytes.
//
// Why it is sound: a store may be noted late as long as nothing that depends on it can be noted, or
// published, before. Between the stores of a run stand no other write to memory that may be shared,
// no call, no atomic or volatile access, so nothing can. The bytes between two of them belong to
// the same object and are read at the cut like the others.
#pragma once

#include "facts_reader.h"

#include <llvm/ADT/DenseMap.h>

namespace llvm {
class Function;
class Instruction;
class Value;
} // namespace llvm

namespace perdure {

// What stands in place of a store's own hook.
struct MergedHook {
  llvm::Value *address = nullptr; // of the run's first byte; null: a later store's hook covers it
  uint64_t size = 0;              // bytes of the run
};

// The stores whose hooks are merged. A store that is not in it keeps its own.
llvm::DenseMap<const llvm::Instruction *, MergedHook> mergeHooks(llvm::Function &function,
                                                                 const Facts &facts);

} // namespace perdure
