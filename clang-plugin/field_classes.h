// SPDX-License-Identifier: Apache-2.0
//
// Classes of stores. Early, while accesses still have their source shape: the llvm.ptr.annotation
// calls that clang emits for annotated fields, and the spans of persistent globals, become
// !perdure.class on the stores through them; the annotation calls go, so they hinder nothing. Late,
// the class of a store is read back; where the optimizer merged stores it may be lost
// (surviving_classes.h), which only makes the merged store persistent.
#pragma once

#include "facts_reader.h"

namespace perdure {

enum class StoreClass {
  Persistent,
  Relaxed,
  Transient,
};

void markFieldClasses(llvm::Module &module, const Facts &facts);

// Class of a store-like INSTRUCTION at the time of the late pass. A class for some bits of a field
// holds if the stored value provably changes no others.
StoreClass classOf(const llvm::Instruction &instruction);

} // namespace perdure
