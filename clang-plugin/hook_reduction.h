// SPDX-License-Identifier: Apache-2.0
//
// Fewer hooks: stores to one object that always follow each other, with nothing between that
// another thread, a cut or a caller could act on, get one hook after the last of them, over all
// their bytes.
//
// Why it is sound: a store may be noted late as long as its thread cannot pass a point where it
// must have been noted. docs/design.md, "Merged hooks", has the argument; pending_stores.cpp proves
// of every function that it holds.
#pragma once

#include "field_classes.h"

#include <llvm/ADT/DenseMap.h>

namespace llvm {
class Function;
class Instruction;
class Value;
} // namespace llvm

namespace perdure {

// What stands in place of a store's own hook.
struct MergedHook {
  llvm::Value *address = nullptr; // of the group's first byte; null: a later store's hook covers it
  uint64_t size = 0;              // bytes of the group
  StoreClass store_class = StoreClass::Persistent;
};

// The stores whose hooks are merged. A store that is not in it keeps its own.
llvm::DenseMap<const llvm::Instruction *, MergedHook> mergeHooks(llvm::Function &function,
                                                                 const Facts &facts);

} // namespace perdure
