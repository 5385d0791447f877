// SPDX-License-Identifier: Apache-2.0
//
// What needs no hook: memory that provably is not pool memory. Every object an address may point
// into must be a stack slot, an ordinary or thread-local global, or fresh memory of the ordinary
// heap; anything unknown (arguments, sret included, loaded pointers) is hooked.
#pragma once

#include "facts_reader.h"

namespace perdure {

// The reason why a write to ADDRESS needs no hook ("stack", ...), or empty if it may hit the pool.
llvm::StringRef volatileReason(const llvm::Value &address, const Facts &facts);

// True if ADDRESS points into persistent globals whatever path was taken: no range check needed.
bool isCertainlyPersistent(const llvm::Value &address, const Facts &facts);

} // namespace perdure
