// SPDX-License-Identifier: Apache-2.0
//
// How the passes speak to the user: clang diagnostics with the place in the source (from -g, else
// the function's), and optimization remarks of the pass name "perdure" (-Rpass=perdure says what
// was hooked, -Rpass-missed=perdure what was left alone and why).
#pragma once

#include <llvm/IR/Instruction.h>

namespace perdure {

void warn(const llvm::Instruction &at, const llvm::Twine &message);
void error(const llvm::Instruction &at, const llvm::Twine &message);
void warn(const llvm::Function &function, const llvm::Twine &message);
void error(const llvm::Module &module, const llvm::Twine &message);

void remarkHooked(const llvm::Instruction &at, const llvm::Twine &what);
void remarkSkipped(const llvm::Instruction &at, const llvm::Twine &reason);

} // namespace perdure
