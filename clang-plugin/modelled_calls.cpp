// SPDX-License-Identifier: Apache-2.0
//
// Which model a call has, and what happens to calls without one.
#include "modelled_calls.h"
#include "diagnostics.h"
#include "libc_models.h"
#include "provably_volatile.h"

#include <llvm/ADT/Statistic.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/Function.h>

#define DEBUG_TYPE "perdure"
STATISTIC(NumModelled, "Calls hooked by a model");
STATISTIC(NumUnknown, "Arguments of unknown library functions, logged as whole objects");

using namespace llvm;

namespace perdure {

namespace {

// printf("%n") writes through its arguments; a format only known at run time is taken not to.
void hookCountConversions(CallBase &call, StringRef name, HookEmitter &emitter) {
  StringRef format;
  std::optional<unsigned> index = formatArgumentOf(name);
  if (index && *index < call.arg_size() &&
      getConstantStringInfo(call.getArgOperand(*index), format) && hasCountConversion(format))
    emitModel(call, (Twine(*index + 1) + "...:object").str(), emitter);
}

bool hasBodyHere(const Function &function) {
  return !function.isDeclaration() && !function.hasAvailableExternallyLinkage();
}

} // namespace

StringRef CallHooks::modelFor(const Function &callee, const TargetLibraryInfo &library) const {
  StringRef name = callee.getName();
  StringRef model = modelOf(name);
  // A program may have its own `getline` in another unit: the name alone says nothing unless it is
  // reserved, declared by a system header, or of the type the library has.
  LibFunc known;
  bool from_library = name.starts_with("_") || isRuntimeFunction(name) ||
                      facts_.has(name, "library") || library.getLibFunc(callee, known) ||
                      !facts_.present();
  return from_library ? model : "";
}

void CallHooks::instrument(CallBase &call, HookEmitter &emitter, const TargetLibraryInfo &library) {
  if (call.isInlineAsm())
    return instrumentAsm(call, emitter);
  const Function *callee = dyn_cast<Function>(call.getCalledOperand()->stripPointerCasts());
  if (!callee || callee->isIntrinsic())
    return;
  StringRef name = callee->getName();
  if (const auto *arguments = facts_.arguments(name, "writes"); arguments && !arguments->empty()) {
    ++NumModelled;
    if (!emitModel(call, (*arguments)[0], emitter))
      error(call, "the model \"" + (*arguments)[0] + "\" does not fit the arguments of '" + name +
                      "'; correct its entry under  extern_writes:  in the port file");
    return;
  }
  if (hasBodyHere(*callee))
    return;
  StringRef model = modelFor(*callee, library);
  if (!model.empty()) {
    ++NumModelled;
    if (emitModel(call, model, emitter))
      return hookCountConversions(call, name, emitter);
  }
  if (!facts_.has(name, "library") || isRuntimeFunction(name))
    return; // another ported unit: its own stores are hooked
  diagnoseUnknown(call, *callee, emitter);
}

void CallHooks::diagnoseUnknown(CallBase &call, const Function &callee, HookEmitter &emitter) {
  const auto &details = *facts_.arguments(callee.getName(), "library");
  for (unsigned i = 0; i < call.arg_size(); ++i) {
    Value *argument = call.getArgOperand(i);
    if (!argument->getType()->isPointerTy() || call.onlyReadsMemory(i) ||
        is_contained(details, ("const:" + Twine(i)).str()) ||
        !volatileReason(*argument, facts_).empty())
      continue;
    ++NumUnknown;
    if (auto *plain = dyn_cast<CallInst>(&call); plain && plain->isMustTailCall())
      plain->setTailCallKind(CallInst::TCK_None);
    emitter.call(hookPointAfter(call), Hook::RecordObject, {argument});
    if (writesItsArgumentsOnly(callee.getName()) || !diagnosed_.insert(callee.getName()).second)
      continue;
    std::string text =
        ("'" + callee.getName() + "' (library) may write through argument " + Twine(i) +
         ": its whole block is logged after each call; say what it writes with  extern_writes: {" +
         callee.getName() + ": \"...\"}  in the port file")
            .str();
    facts_.strict ? error(call, text) : warn(call, text);
  }
}

StringRef CallHooks::writerModel(const Function &function, const TargetLibraryInfo &library) const {
  const auto *arguments = facts_.arguments(function.getName(), "writes");
  StringRef model =
      arguments && !arguments->empty() ? StringRef((*arguments)[0]) : modelFor(function, library);
  return model == "none" ? "" : model;
}

// A function with FUNCTION's type that calls it. The units of a program may share one.
static Function *wrap(Function &function) {
  Module &module = *function.getParent();
  auto *wrapper = Function::Create(function.getFunctionType(), GlobalValue::LinkOnceODRLinkage,
                                   "perdure.hooked." + function.getName(), module);
  wrapper->setVisibility(GlobalValue::HiddenVisibility);
  wrapper->setCallingConv(function.getCallingConv());
  wrapper->setAttributes(function.getAttributes());
  IRBuilder<> builder(BasicBlock::Create(module.getContext(), "", wrapper));
  SmallVector<Value *, 6> arguments;
  for (Argument &argument : wrapper->args())
    arguments.push_back(&argument);
  CallInst *call = builder.CreateCall(&function, arguments);
  call->setCallingConv(function.getCallingConv());
  call->setAttributes(function.getAttributes().removeFnAttributes(module.getContext()));
  if (call->getType()->isVoidTy())
    builder.CreateRetVoid();
  else
    builder.CreateRet(call);
  return wrapper;
}

void CallHooks::wrapTakenAddress(Function &function, const TargetLibraryInfo &library) {
  auto is_taken = [](const Use &use) {
    auto *call = dyn_cast<CallBase>(use.getUser());
    return !call || !call->isCallee(&use);
  };
  function.removeDeadConstantUsers();
  if (!function.isDeclaration() || function.isIntrinsic() || function.getName().starts_with("_Z") ||
      none_of(function.uses(), is_taken) || writerModel(function, library).empty())
    return;
  if (!function.isVarArg()) {
    Function *wrapper = wrap(function);
    function.replaceUsesWithIf(wrapper, is_taken);
    return;
  }
  std::string text = ("the address of '" + function.getName() +
                      "' is taken: what it writes when called through a pointer is not recorded; "
                      "call it by name in a function of the program, and use that one's address")
                         .str();
  facts_.strict ? error(*function.getParent(), text) : warn(function, text);
}

void replaceRuntimeFunctions(Module &module) {
  for (Function &function : make_early_inc_range(module)) {
    StringRef replacement = replacementOf(function.getName());
    if (replacement.empty() || !function.isDeclaration())
      continue;
    FunctionCallee callee = module.getOrInsertFunction(replacement, function.getFunctionType());
    if (auto *target = dyn_cast<Function>(callee.getCallee()))
      target->setDoesNotThrow();
    function.replaceAllUsesWith(callee.getCallee());
  }
}

void replaceStringInputs(Module &module, const Facts &facts) {
  for (const StringInput &input : stringInputs()) {
    Function *function = module.getFunction(input.function);
    if (!facts.present() || !function || !function->isDeclaration())
      continue;
    // A unit that has strings of its own knows; one that only passes them on may meet any.
    if (module.getFunction(input.allocator) && !facts.heap_all &&
        !facts.has(input.allocator, "allocates"))
      continue;
    FunctionCallee callee =
        module.getOrInsertFunction(input.replacement, function->getFunctionType());
    function->replaceAllUsesWith(callee.getCallee());
  }
}

} // namespace perdure
