// SPDX-License-Identifier: Apache-2.0
//
// How the AST half reaches the pass pipeline. See clang_versions.h.
#include "clang_versions.h"

#include "llvm/Passes/PassBuilder.h"

#if LLVM_VERSION_MAJOR == 16
#include <dlfcn.h>

#include "llvm/Passes/PassPlugin.h"

namespace perdure {
namespace {

// Of the unit that is being compiled; one after the other in a process.
std::function<void(llvm::PassBuilder &)> &registerPasses() {
  static std::function<void(llvm::PassBuilder &)> Register;
  return Register;
}

} // namespace

void addPasses(clang::CodeGenOptions &Options, std::function<void(llvm::PassBuilder &)> Register) {
  registerPasses() = std::move(Register);
  Dl_info Self;
  if (!dladdr(reinterpret_cast<void *>(&addPasses), &Self))
    llvm::report_fatal_error("perdure: the plugin doesn't find its own file");
  if (!llvm::is_contained(Options.PassPlugins, Self.dli_fname))
    Options.PassPlugins.push_back(Self.dli_fname);
}

} // namespace perdure

extern "C" LLVM_ATTRIBUTE_WEAK llvm::PassPluginLibraryInfo llvmGetPassPluginInfo() {
  return {LLVM_PLUGIN_API_VERSION, "perdure", LLVM_VERSION_STRING, [](llvm::PassBuilder &Builder) {
            if (perdure::registerPasses())
              perdure::registerPasses()(Builder);
          }};
}

#else

namespace perdure {

void addPasses(clang::CodeGenOptions &Options, std::function<void(llvm::PassBuilder &)> Register) {
  Options.PassBuilderCallbacks.push_back(std::move(Register));
}

} // namespace perdure

#endif
