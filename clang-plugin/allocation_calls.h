// SPDX-License-Identifier: Apache-2.0
//
// Early: allocation calls by function and by heap. Inside functions with the fact `allocates`, and
// everywhere under `heap: all` except in `volatile-heap` functions, malloc and its family become
// the pool's functions. Allocation sites by type were retargeted in the AST already. free, realloc
// of a pool block and operator delete stay: the runtime dispatches them by address.
#pragma once

#include "facts_reader.h"

namespace perdure {

void rewriteAllocationCalls(llvm::Module &module, const Facts &facts);

// The pool's function in place of NAME, of the same type; empty if NAME is no allocator (or one
// that the compiler made up).
llvm::StringRef poolAllocatorNamed(llvm::StringRef name);

// True if NAME makes ordinary heap memory that no pool address can come from.
bool isVolatileAllocator(llvm::StringRef name);

} // namespace perdure
