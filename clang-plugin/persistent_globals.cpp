// SPDX-License-Identifier: Apache-2.0
//
// Marking persistent globals and pinned variables early and replacing them late; initialisers are
// in dynamic_initialisers.cpp.
#include "persistent_globals.h"
#include "diagnostics.h"
#include "runtime_abi.h"

#include <llvm/ADT/Statistic.h>
#include <llvm/IR/Constants.h>
#include <llvm/Transforms/Utils/ModuleUtils.h>

#define DEBUG_TYPE "perdure"
STATISTIC(NumRoots, "Persistent globals placed in the root window");
STATISTIC(NumPinnedVariables, "Variables placed in the pin window");

using namespace llvm;

namespace perdure {

namespace {

bool canBePlaced(const GlobalVariable &global, const GlobalFacts &facts) {
  const Module &module = *global.getParent();
  StringRef problem;
  if (global.isThreadLocal())
    problem = "is thread-local, and every thread's copy dies with it; make it a plain global";
  else if (facts.persistent && global.isConstant())
    problem = "is constant, so there is nothing to keep; drop the annotation";
  else if (global.getAlign().valueOrOne() > kRootAlignment)
    problem = "needs more than 64-byte alignment, which fixed addresses do not have; keep a "
              "pointer to an aligned block instead";
  if (problem.empty())
    return true;
  error(module, (facts.persistent ? "persistent global '" : "pinned variable '") +
                    global.getName() + "' " + problem);
  return false;
}

// An alias of it would be an alias of a number; its users get the number.
void replaceAliases(GlobalVariable &global, Module &module) {
  for (GlobalAlias &alias : make_early_inc_range(module.aliases())) {
    if (alias.getAliaseeObject() != &global)
      continue;
    if (!alias.hasLocalLinkage())
      error(module, "'" + global.getName() + "' has a fixed address and the exported alias '" +
                        alias.getName() + "', of which other units cannot know it; use one name");
    alias.replaceAllUsesWith(alias.getAliasee());
    alias.eraseFromParent();
  }
}

// The initialiser of an inline variable sits in the variable's COMDAT; without the variable the
// group would be discarded while .init_array still refers to the function.
void dissolveComdat(GlobalVariable &global, Module &module) {
  const Comdat *group = global.getComdat();
  if (!group)
    return;
  for (Function &function : module)
    if (function.getComdat() == group && function.hasLocalLinkage())
      function.setComdat(nullptr);
  global.setComdat(nullptr);
}

} // namespace

void markPersistentGlobals(Module &module, const Facts &facts) {
  SmallVector<GlobalValue *, 8> kept;
  for (GlobalVariable &global : module.globals()) {
    auto found = facts.globals().find(global.getName());
    if (found == facts.globals().end())
      continue;
    if (!global.isDeclaration())
      kept.push_back(&global);
    const GlobalFacts &placed = found->second;
    if (!placed.persistent && !placed.pinned)
      continue;
    if (!canBePlaced(global, placed) || placed.pinned)
      continue;
    // Its value at start is what the pool holds, not its initializer.
    global.setExternallyInitialized(true);
  }
  if (!kept.empty())
    appendToCompilerUsed(module, kept);
}

void replacePersistentGlobals(Module &module, const Facts &facts) {
  removeFromUsedLists(module, [&](Constant *used) {
    const Value *global = used->stripPointerCasts();
    return facts.persistentGlobal(global) || facts.pinnedGlobal(global);
  });
  for (GlobalVariable &global : make_early_inc_range(module.globals())) {
    const GlobalFacts *root = facts.persistentGlobal(&global);
    const GlobalFacts *pin = facts.pinnedGlobal(&global);
    if (!root && !pin)
      continue;
    ++(root ? NumRoots : NumPinnedVariables);
    replaceAliases(global, module);
    dissolveComdat(global, module);
    uint64_t number = root ? rootAddress(root->key) : pinAddress(PERDURE_PIN_VARIABLE, pin->key);
    Constant *address = ConstantInt::get(Type::getInt64Ty(module.getContext()), number);
    global.replaceAllUsesWith(ConstantExpr::getIntToPtr(address, global.getType()));
    global.eraseFromParent();
  }
}

} // namespace perdure
