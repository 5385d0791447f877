// SPDX-License-Identifier: Apache-2.0
//
// Inline assembly: "=m" and "+m" operands are indirect outputs with a known type; a "memory"
// clobber says that more may be written, which only matters if a pool pointer goes in.
#include "diagnostics.h"
#include "modelled_calls.h"
#include "provably_volatile.h"

#include <llvm/ADT/Statistic.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/Instructions.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>

#define DEBUG_TYPE "perdure"
STATISTIC(NumAsmOutputs, "Memory outputs of inline assembly");

using namespace llvm;

namespace perdure {

namespace {

// Places after the assembly: asm goto has one on each edge.
SmallVector<HookPoint, 2> pointsAfter(CallBase &call) {
  auto *jump = dyn_cast<CallBrInst>(&call);
  if (!jump)
    return {hookPointAfter(call)};
  SmallVector<HookPoint, 2> points;
  for (unsigned i = 0; i < jump->getNumSuccessors(); ++i) {
    BasicBlock *target = jump->getSuccessor(i);
    if (!target->getSinglePredecessor())
      target = SplitEdge(jump->getParent(), target);
    points.push_back({&*target->getFirstInsertionPt(), call.getDebugLoc()});
  }
  return points;
}

void hookOutput(CallBase &call, unsigned argument, HookEmitter &emitter) {
  Value *address = call.getArgOperand(argument);
  if (!volatileReason(*address, emitter.facts()).empty())
    return;
  ++NumAsmOutputs;
  Type *type = call.getParamElementType(argument);
  uint64_t size = call.getModule()->getDataLayout().getTypeStoreSize(type).getFixedValue();
  for (const HookPoint &point : pointsAfter(call))
    emitter.record(point, address, size, StoreClass::Persistent);
}

bool clobbersMemory(const InlineAsm::ConstraintInfoVector &constraints) {
  return any_of(constraints, [](const InlineAsm::ConstraintInfo &info) {
    return info.Type == InlineAsm::isClobber && is_contained(info.Codes, "{memory}");
  });
}

} // namespace

void instrumentAsm(CallBase &call, HookEmitter &emitter) {
  auto *assembly = cast<InlineAsm>(call.getCalledOperand());
  InlineAsm::ConstraintInfoVector constraints = assembly->ParseConstraints();
  bool may_write_any =
      clobbersMemory(constraints) && !StringRef(assembly->getAsmString()).trim().empty();
  unsigned argument = 0;
  for (const InlineAsm::ConstraintInfo &info : constraints) {
    if (!info.hasArg())
      continue;
    Value *operand = call.getArgOperand(argument);
    if (info.isIndirect && info.Type == InlineAsm::isOutput)
      hookOutput(call, argument, emitter);
    else if (may_write_any && operand->getType()->isPointerTy() && !info.isIndirect &&
             volatileReason(*operand, emitter.facts()).empty()) {
      const char *text = "inline assembly clobbers memory and is given a pointer that may be pool "
                         "memory: name what it writes as an output operand (\"+m\")";
      emitter.facts().strict ? error(call, text) : warn(call, text);
    }
    ++argument;
  }
}

} // namespace perdure
