// SPDX-License-Identifier: Apache-2.0
//
// Marking persistent globals early and replacing them late; initialisers are in
// dynamic_initialisers.cpp.
#include "persistent_globals.h"
#include "diagnostics.h"
#include "runtime_abi.h"

#include <llvm/ADT/Statistic.h>
#include <llvm/IR/Constants.h>
#include <llvm/Transforms/Utils/ModuleUtils.h>

#define DEBUG_TYPE "perdure"
STATISTIC(NumRoots, "Persistent globals placed in the root window");

using namespace llvm;

namespace perdure {

namespace {

bool canBeRoot(const GlobalVariable &global) {
  const Module &module = *global.getParent();
  StringRef problem;
  if (global.isThreadLocal())
    problem = "is thread-local, and every thread's copy dies with it; make it a plain global";
  else if (global.isConstant())
    problem = "is constant, so there is nothing to keep; drop the annotation";
  else if (global.getAlign().valueOrOne() > kRootAlignment)
    problem = "needs more than 64-byte alignment, which roots do not have; keep a pointer to an "
              "aligned block instead";
  if (problem.empty())
    return true;
  error(module, "persistent global '" + global.getName() + "' " + problem);
  return false;
}

// An alias of a root would be an alias of a number; its users get the number.
void replaceAliases(GlobalVariable &global, Module &module) {
  for (GlobalAlias &alias : make_early_inc_range(module.aliases())) {
    if (alias.getAliaseeObject() != &global)
      continue;
    if (!alias.hasLocalLinkage())
      error(module, "persistent global '" + global.getName() + "' has the exported alias '" +
                        alias.getName() +
                        "', which other units cannot see as persistent; use one "
                        "name");
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
    if (!found->second.persistent || !canBeRoot(global))
      continue;
    // Its value at start is what the pool holds, not its initializer.
    global.setExternallyInitialized(true);
  }
  if (!kept.empty())
    appendToCompilerUsed(module, kept);
}

void replacePersistentGlobals(Module &module, const Facts &facts) {
  removeFromUsedLists(module, [&](Constant *used) {
    return facts.persistentGlobal(used->stripPointerCasts()) != nullptr;
  });
  for (GlobalVariable &global : make_early_inc_range(module.globals())) {
    const GlobalFacts *root = facts.persistentGlobal(&global);
    if (!root)
      continue;
    ++NumRoots;
    replaceAliases(global, module);
    dissolveComdat(global, module);
    Constant *address =
        ConstantInt::get(Type::getInt64Ty(module.getContext()), rootAddress(root->key));
    global.replaceAllUsesWith(ConstantExpr::getIntToPtr(address, global.getType()));
    global.eraseFromParent();
  }
}

} // namespace perdure
