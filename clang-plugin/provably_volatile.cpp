// SPDX-License-Identifier: Apache-2.0
//
// Decided by getUnderlyingObjects, which looks through phi and select; one unknown object makes the
// address unknown.
#include "provably_volatile.h"
#include "allocation_calls.h"
#include "runtime_abi.h"

#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/InstrTypes.h>
#include <llvm/IR/IntrinsicInst.h>

using namespace llvm;

namespace perdure {

namespace {

bool isSegmentRelative(const Value &address) {
  unsigned space = address.getType()->getPointerAddressSpace();
  return space >= 256 && space <= 258; // gs, fs, ss
}

StringRef reasonOfCall(const CallBase &call) {
  if (call.getIntrinsicID() == Intrinsic::threadlocal_address)
    return "thread-local";
  const Function *callee = call.getCalledFunction();
  if (!callee || !callee->isDeclaration())
    return "";
  if (callee->getName() == "__errno_location")
    return "thread-local";
  if (callee->getName() == "__cxa_allocate_exception" || isVolatileAllocator(callee->getName()))
    return "volatile heap";
  return "";
}

StringRef reasonOfObject(const Value &object, const Facts &facts) {
  if (isa<AllocaInst>(object))
    return "stack";
  if (isa<UndefValue, ConstantPointerNull, Function>(object))
    return "no object";
  if (auto *global = dyn_cast<GlobalVariable>(&object))
    return facts.persistentGlobal(global) ? "" : "ordinary global";
  if (auto *argument = dyn_cast<Argument>(&object))
    return argument->hasByValAttr() ? "stack" : "";
  if (auto *call = dyn_cast<CallBase>(&object))
    return reasonOfCall(*call);
  if (auto *expression = dyn_cast<ConstantExpr>(&object);
      expression && expression->getOpcode() == Instruction::IntToPtr)
    if (auto *number = dyn_cast<ConstantInt>(expression->getOperand(0)))
      return number->getZExtValue() >> PERDURE_SLOT_SHIFT == PERDURE_SLOT ? "" : "fixed address";
  return "";
}

SmallVector<const Value *, 4> objectsOf(const Value &address) {
  SmallVector<const Value *, 4> objects;
  getUnderlyingObjects(&address, objects, nullptr, 0);
  return objects;
}

} // namespace

StringRef volatileReason(const Value &address, const Facts &facts) {
  if (isSegmentRelative(address))
    return "segment-relative";
  StringRef reason;
  for (const Value *object : objectsOf(address)) {
    reason = reasonOfObject(*object, facts);
    if (reason.empty())
      return "";
  }
  return reason;
}

bool isCertainlyPersistent(const Value &address, const Facts &facts) {
  auto objects = objectsOf(address);
  return !objects.empty() &&
         all_of(objects, [&](const Value *object) { return facts.persistentGlobal(object); });
}

} // namespace perdure
