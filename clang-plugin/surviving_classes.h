// SPDX-License-Identifier: Apache-2.0
//
// Where the optimizer makes one store of several it drops !perdure.class, since it knows nothing of
// it. Two things survive. A class is also given as scopes in !noalias, whose lists every merge
// intersects: what is left is true of all that went into the store. (No access is in these scopes,
// so they say nothing about aliasing.) And a store whose address is known, as it is for a field of
// a global, has its class by its address.
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
