// SPDX-License-Identifier: Apache-2.0
//
// Entry point of perdure-pass.so: opt -load-pass-plugin=perdure-pass.so -passes=perdure-late. In
// perdure.so the same passes are registered by the AST half.
#include "pass_pipeline.h"

#include <llvm/Passes/PassBuilder.h>
#include <llvm/Passes/PassPlugin.h>

extern "C" LLVM_ATTRIBUTE_WEAK llvm::PassPluginLibraryInfo llvmGetPassPluginInfo() {
  return {LLVM_PLUGIN_API_VERSION, "perdure", LLVM_VERSION_STRING,
          [](llvm::PassBuilder &builder) { perdure::registerPerdurePasses(builder); }};
}
