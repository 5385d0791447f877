// SPDX-License-Identifier: Apache-2.0
//
// Which bits of the memory it overwrites a store can change: for `flags |= FETCHED` only FETCHED.
// Also the address and size that plain store-like instructions write.
#pragma once

#include <llvm/IR/DataLayout.h>
#include <llvm/IR/Instruction.h>
#include <optional>

namespace perdure {

// Superset of the bits that INSTRUCTION changes; all ones where nothing is known.
uint64_t changedBits(const llvm::Instruction &instruction);

// Address written by a store, atomic or memory intrinsic; null for anything else.
llvm::Value *writtenPointer(const llvm::Instruction &instruction);
// Bytes it writes there, if that is a constant.
std::optional<uint64_t> writtenSize(const llvm::Instruction &instruction,
                                    const llvm::DataLayout &layout);

} // namespace perdure
