// SPDX-License-Identifier: Apache-2.0
//
// C++ initialisation of persistent globals at run time. `std::map<...> items;` is constructed by a
// __cxx_global_var_init function, which must leave a recovered value alone; a function-local static
// or inline variable is constructed under a guard variable, which becomes persistent itself (see
// Facts). The destructor at exit would empty the pool, so it is not registered.
#include "persistent_globals.h"
#include "runtime_abi.h"

#include <llvm/Analysis/ValueTracking.h>
#include <llvm/Demangle/Demangle.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>

using namespace llvm;

namespace perdure {

namespace {

bool isConstructor(const Function &function) {
  ItaniumPartialDemangler demangler;
  return !demangler.partialDemangle(function.getName().str().c_str()) && demangler.isCtorOrDtor();
}

// The persistent global that INSTRUCTION constructs: stored to, constructed as `this`, or returned
// into. `int n = items.size();` only reads items, so being an argument is not enough.
GlobalVariable *constructedBy(const Instruction &instruction, const Facts &facts) {
  const Value *target = nullptr;
  if (auto *store = dyn_cast<StoreInst>(&instruction))
    target = store->getPointerOperand();
  else if (auto *copy = dyn_cast<AnyMemIntrinsic>(&instruction))
    target = copy->getRawDest();
  else if (auto *call = dyn_cast<CallBase>(&instruction); call && call->arg_size() > 0) {
    const Function *callee = call->getCalledFunction();
    if (call->hasStructRetAttr() || (callee && isConstructor(*callee)))
      target = call->getArgOperand(0);
  }
  if (!target || !target->getType()->isPointerTy())
    return nullptr;
  SmallVector<const Value *, 2> objects; // an array is constructed in a loop, through a phi
  getUnderlyingObjects(target, objects, nullptr, 0);
  for (const Value *object : objects)
    if (facts.persistentGlobal(object))
      return const_cast<GlobalVariable *>(cast<GlobalVariable>(object));
  return nullptr;
}

GlobalVariable *initialisedIn(const Function &function, const Facts &facts) {
  for (const Instruction &instruction : instructions(function))
    if (GlobalVariable *global = constructedBy(instruction, facts))
      return global;
  return nullptr;
}

void leaveIfRecovered(Function &function, GlobalVariable &global) {
  BasicBlock &entry = function.getEntryBlock();
  IRBuilder<> builder(&entry, entry.getFirstNonPHIOrDbgOrAlloca());
  if (DISubprogram *subprogram = function.getSubprogram())
    builder.SetCurrentDebugLocation(
        DILocation::get(function.getContext(), subprogram->getLine(), 0, subprogram));
  Value *recovered = builder.CreateIsNotNull(
      builder.CreateCall(hookFunction(*function.getParent(), Hook::RootIsRecovered), {&global}));
  Instruction *leave = SplitBlockAndInsertIfThen(recovered, &*builder.GetInsertPoint(), true);
  ReturnInst::Create(function.getContext(), nullptr, leave)
      ->setDebugLoc(builder.getCurrentDebugLocation());
  leave->eraseFromParent();
}

// The destructor of an array is registered as a function of the unit that names the array itself.
bool destroysPersistentGlobal(const CallBase &registration, const Facts &facts) {
  if (facts.persistentGlobal(registration.getArgOperand(1)->stripInBoundsOffsets()))
    return true;
  auto *destructor = dyn_cast<Function>(registration.getArgOperand(0));
  if (!destructor || !destructor->getName().starts_with("__cxx_global_array_dtor"))
    return false;
  for (const Instruction &instruction : instructions(*destructor))
    for (const Value *operand : instruction.operands())
      if (operand->getType()->isPointerTy() &&
          facts.persistentGlobal(operand->stripInBoundsOffsets()))
        return true;
  return false;
}

void dropDestructors(Module &module, const Facts &facts) {
  Function *atexit = module.getFunction("__cxa_atexit");
  if (!atexit)
    return;
  for (User *user : make_early_inc_range(atexit->users())) {
    auto *call = dyn_cast<CallInst>(user);
    if (!call || call->getCalledFunction() != atexit || !destroysPersistentGlobal(*call, facts))
      continue;
    call->replaceAllUsesWith(ConstantInt::get(call->getType(), 0));
    call->eraseFromParent();
  }
}

} // namespace

void guardDynamicInitialisers(Module &module, const Facts &facts) {
  for (Function &function : module)
    if (!function.isDeclaration() && function.getName().starts_with("__cxx_global_var_init"))
      if (GlobalVariable *global = initialisedIn(function, facts))
        leaveIfRecovered(function, *global);
  dropDestructors(module, facts);
}

} // namespace perdure
