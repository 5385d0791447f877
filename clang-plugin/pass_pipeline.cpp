// SPDX-License-Identifier: Apache-2.0
//
// Order of the steps. Both passes leave a module flag and do nothing where they find it: fat LTO
// runs the end of the pipeline twice, and a plugin may be loaded twice. With LTO they run before
// the link; what links is instrumented already.
#include "pass_pipeline.h"
#include "allocation_calls.h"
#include "coverage.h"
#include "diagnostics.h"
#include "hand_overs.h"
#include "module_registration.h"
#include "persistent_globals.h"
#include "pinned_symbols.h"
#include "surviving_classes.h"
#include "transaction_scope.h"

#include <llvm/Analysis/TargetLibraryInfo.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/ModRef.h>
#include <llvm/TargetParser/Triple.h>
#include <llvm/Transforms/Coroutines/CoroCleanup.h>
#include <llvm/Transforms/Coroutines/CoroConditionalWrapper.h>
#include <llvm/Transforms/Coroutines/CoroSplit.h>
#include <llvm/Transforms/Utils/BuildLibCalls.h>

using namespace llvm;

namespace perdure {

namespace {

bool isSupportedTarget(const Module &module) {
  Triple triple(module.getTargetTriple());
  if (triple.getArch() == Triple::x86_64 && triple.isOSLinux())
    return true;
  error(module, "hooks exist for x86-64 Linux only, not for '" + module.getTargetTriple() +
                    "'; compile this file without the plugin");
  return false;
}

bool canBeInstrumented(Function &function) {
  if (function.isDeclaration())
    return false;
  if (function.hasFnAttribute(Attribute::Naked)) {
    warn(function, "'" + function.getName() +
                       "' is naked: its stores cannot be hooked; it must "
                       "not write persistent memory");
    return false;
  }
  if (function.isPresplitCoroutine()) {
    error(*function.getEntryBlock().begin(), "coroutine '" + function.getName() +
                                                 "' was not split before the hooks were placed; "
                                                 "compile without -Xclang -disable-llvm-passes");
    return false;
  }
  return true;
}

// What the optimizer inferred before holds no longer: a function with hooks writes the write set.
void dropMemoryEffects(Module &module) {
  for (Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.setMemoryEffects(MemoryEffects::unknown());
    function.removeFnAttr(Attribute::NoSync);
    for (User *user : function.users()) {
      auto *call = dyn_cast<CallBase>(user);
      if (!call || call->getCalledFunction() != &function)
        continue;
      call->setMemoryEffects(MemoryEffects::unknown());
      call->removeFnAttr(Attribute::NoSync);
    }
  }
}

void instrumentFunctions(Module &module, const Facts &facts, FunctionAnalysisManager &analyses,
                         bool outline) {
  StringSet<> diagnosed;
  CallHooks calls(facts, diagnosed);
  SmallVector<Function *, 32> functions;
  for (Function &function : make_early_inc_range(module))
    calls.wrapTakenAddress(function, analyses.getResult<TargetLibraryAnalysis>(function));
  for (Function &function : module)
    if (canBeInstrumented(function))
      functions.push_back(&function);
  for (Function *function : functions) {
    const auto &library = analyses.getResult<TargetLibraryAnalysis>(*function);
    insertSetjmpGuards(*function);
    Coverage coverage;
    bool call_hooks = outline || function->hasOptNone() || function->hasMinSize();
    instrumentStores(*function, facts, calls, library, call_hooks, coverage);
    checkCoverage(*function, facts, coverage);
  }
}

void inferLibraryAttributes(Module &module, FunctionAnalysisManager &analyses) {
  for (Function &function : module)
    if (function.isDeclaration() && !function.isIntrinsic())
      inferNonMandatoryLibFuncAttrs(function, analyses.getResult<TargetLibraryAnalysis>(function));
}

} // namespace

PreservedAnalyses EarlyPass::run(Module &module, ModuleAnalysisManager &) {
  if (hasFlag(module, kPreparedFlag) || hasFlag(module, kInstrumentedFlag))
    return PreservedAnalyses::all();
  Facts facts(module);
  markFieldClasses(module, facts);
  recordHandOvers(module, facts);
  replaceStringInputs(module, facts);
  rewriteAllocationCalls(module, facts);
  guardDynamicInitialisers(module, facts);
  insertScopes(module, facts);
  markPersistentGlobals(module, facts);
  setFlag(module, kPreparedFlag);
  return PreservedAnalyses::none();
}

PreservedAnalyses LatePass::run(Module &module, ModuleAnalysisManager &analyses) {
  if (hasFlag(module, kInstrumentedFlag) || !isSupportedTarget(module))
    return PreservedAnalyses::all();
  auto &functions = analyses.getResult<FunctionAnalysisManagerModuleProxy>(module).getManager();
  Facts facts(module);
  inferLibraryAttributes(module, functions);
  replaceRuntimeFunctions(module);
  restoreClasses(module, facts);
  instrumentFunctions(module, facts, functions, outline_);
  dropMemoryEffects(module);
  emitRegistration(module, facts, pinSymbols(module, facts));
  replacePersistentGlobals(module, facts);
  setFlag(module, kInstrumentedFlag);
  return PreservedAnalyses::none();
}

void registerPerdurePasses(PassBuilder &builder) {
  forbidMergesOfConstants();
  builder.registerPipelineStartEPCallback(
      [](ModulePassManager &passes, OptimizationLevel) { passes.addPass(EarlyPass()); });
  builder.registerOptimizerLastEPCallback([](ModulePassManager &passes, OptimizationLevel level) {
    // A coroutine's frame is heap memory once it is split; the thin LTO pipeline splits only after
    // the link.
    ModulePassManager split;
    CGSCCPassManager splitter;
    splitter.addPass(CoroSplitPass(level != OptimizationLevel::O0));
    split.addPass(createModuleToPostOrderCGSCCPassAdaptor(std::move(splitter)));
    split.addPass(CoroCleanupPass());
    passes.addPass(CoroConditionalWrapper(std::move(split)));
    passes.addPass(LatePass(level == OptimizationLevel::O0));
  });
  builder.registerPipelineParsingCallback(
      [](StringRef name, ModulePassManager &passes, ArrayRef<PassBuilder::PipelineElement>) {
        if (name == "perdure-early")
          passes.addPass(EarlyPass());
        else if (name == "perdure-late")
          passes.addPass(LatePass());
        else
          return false;
        return true;
      });
}

} // namespace perdure
