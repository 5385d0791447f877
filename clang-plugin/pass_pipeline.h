// SPDX-License-Identifier: Apache-2.0
//
// The IR half's two passes and where they stand in the pipeline. The early one, at its start, still
// sees the source's shape; the late one, as its last step, places the hooks and ends what the early
// one began. For opt they are named perdure-early and perdure-late.
#pragma once

#include <llvm/IR/PassManager.h>

namespace llvm {
class PassBuilder;
} // namespace llvm

namespace perdure {

struct EarlyPass : llvm::PassInfoMixin<EarlyPass> {
  llvm::PreservedAnalyses run(llvm::Module &module, llvm::ModuleAnalysisManager &analyses);
  static bool isRequired() { return true; } // -O0 and optnone too
};

struct LatePass : llvm::PassInfoMixin<LatePass> {
  explicit LatePass(bool outline = false) : outline_(outline) {}
  llvm::PreservedAnalyses run(llvm::Module &module, llvm::ModuleAnalysisManager &analyses);
  static bool isRequired() { return true; }

private:
  bool outline_; // hooks call the runtime: the optimizer is off
};

void registerPerdurePasses(llvm::PassBuilder &builder);

} // namespace perdure
