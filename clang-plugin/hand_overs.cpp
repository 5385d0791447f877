// SPDX-License-Identifier: Apache-2.0
#include "hand_overs.h"
#include "diagnostics.h"
#include "hook_emitter.h"
#include "runtime_abi.h"

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/InstrTypes.h>
#include <llvm/IR/Module.h>

using namespace llvm;

namespace perdure {

// After the call, which may still change the object.
static void recordArguments(CallBase &call) {
  if (auto *plain = dyn_cast<CallInst>(&call); plain && plain->isMustTailCall())
    plain->setTailCallKind(CallInst::TCK_None);
  HookBuilder builder(hookPointAfter(call));
  for (Value *argument : call.args())
    if (argument->getType()->isPointerTy())
      builder.CreateCall(hookFunction(*call.getModule(), Hook::RecordObject),
                         {builder.CreateAddrSpaceCast(argument, builder.getPtrTy())});
}

void recordHandOvers(Module &module, const Facts &facts) {
  for (Function &function : module) {
    const auto *names = facts.arguments(function.getName(), "hands-over-to");
    if (!names || names->empty() || function.isDeclaration())
      continue;
    SmallVector<CallBase *, 4> calls;
    for (Instruction &instruction : instructions(function))
      if (auto *call = dyn_cast<CallBase>(&instruction))
        if (const Function *callee = call->getCalledFunction())
          if (callee->getName() == names->front())
            calls.push_back(call);
    for (CallBase *call : calls)
      recordArguments(*call);
    if (calls.empty())
      warn(function, "'" + function.getName() + "' hands nothing over to '" + names->front() +
                         "': it does not call it by that name; correct the entry under "
                         "handed_over: in the port file");
  }
}

} // namespace perdure
