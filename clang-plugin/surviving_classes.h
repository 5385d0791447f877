// SPDX-License-Identifier: Apache-2.0
//
// Where the optimizer makes one store of several it drops !perdure.class, since it knows nothing of
// it. Two things survive. A class is also given as a type of accesses (!tbaa) in a tree of its own,
// relaxed above transient: a merge leaves the most general type of what went into the store, none
// if there was another. (Accesses with types of different trees may alias, so it is no claim.) And
// a store whose address is known, as it is for a field of a global, has its class by its address.
#pragma once

#include "facts_reader.h"

namespace perdure {

// Gives INSTRUCTION, which writes memory, the class TEXT, as docs of !perdure.class have it.
void setClass(llvm::Instruction &instruction, llvm::StringRef text);

// Late: gives stores that lost their class the one that is provably theirs.
void restoreClasses(llvm::Module &module, const Facts &facts);

// The class that SPAN of GLOBAL has as a whole; empty: persistent.
llvm::StringRef spanClass(const GlobalFacts &global, Span span);

// Forbids the one merge that keeps the class of only one of two stores: a constant that is partly
// overwritten by a constant. For the whole process; harmless to other code.
void forbidMergesOfConstants();

} // namespace perdure
