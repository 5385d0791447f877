// SPDX-License-Identifier: Apache-2.0
//
// The inline store hook. Its order is the protocol: the store, then the reservation of a slot in
// one instruction (a signal handler that stores nests between any two), then the entry by a release
// store, so that whoever reads the entry sees the stored value. The asm clobbers memory, which
// keeps the store above it through the rest of the pipeline and link-time optimization.
#include "hook_emitter.h"
#include "provably_volatile.h"

#include <llvm/ADT/Statistic.h>
#include <llvm/IR/DebugInfoMetadata.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>

#define DEBUG_TYPE "perdure"
STATISTIC(NumInlineHooks, "Inline store hooks");
STATISTIC(NumCertainHooks, "Inline store hooks without range check");
STATISTIC(NumCalledHooks, "Hooks that call the runtime");

using namespace llvm;

namespace perdure {

namespace {

void tag(Instruction *instruction) {
  LLVMContext &context = instruction->getContext();
  instruction->setMetadata(kHookMetadata, MDNode::get(context, {}));
  // The slot lies in the runtime's memory: nothing for ASan or TSan to check.
  instruction->setMetadata(LLVMContext::MD_nosanitize, MDNode::get(context, {}));
}

perdure_lane laneOf(StoreClass store_class) {
  return store_class == StoreClass::Relaxed ? PERDURE_LANE_RELAXED : PERDURE_LANE_PERSISTENT;
}

Value *reserveSlot(HookBuilder &builder, perdure_lane lane) {
  Value *cursor = writeSetCursor(builder, lane);
  Type *i64 = builder.getInt64Ty();
  Type *pointer = cursor->getType();
  auto *type = FunctionType::get(i64, {pointer, i64, pointer}, false);
  auto *add = InlineAsm::get(type, "xaddq $0, $1",
                             "=r,=*m,0,*m,~{memory},~{dirflag},~{fpsr},~{flags}", true);
  CallInst *slot = builder.CreateCall(add, {cursor, builder.getInt64(8), cursor});
  for (unsigned operand : {0u, 2u})
    slot->addParamAttr(operand, Attribute::get(builder.getContext(), Attribute::ElementType, i64));
  slot->setDoesNotThrow();
  return slot;
}

} // namespace

HookBuilder::HookBuilder(const HookPoint &point)
    : IRBuilder(point.before->getContext(), ConstantFolder(), IRBuilderCallbackInserter(tag)) {
  SetInsertPoint(point.before);
  SetCurrentDebugLocation(point.location);
}

HookPoint hookPointAfter(Instruction &instruction) {
  DebugLoc location = instruction.getDebugLoc();
  DISubprogram *subprogram = instruction.getFunction()->getSubprogram();
  if (!location && subprogram)
    location = DILocation::get(instruction.getContext(), 0, 0, subprogram);
  auto *invoke = dyn_cast<InvokeInst>(&instruction);
  if (!invoke)
    return {instruction.getNextNode(), location};
  BasicBlock *target = invoke->getNormalDest();
  if (!target->getSinglePredecessor())
    target = SplitEdge(invoke->getParent(), target);
  return {&*target->getFirstInsertionPt(), location};
}

void HookEmitter::record(const HookPoint &point, Value *address, uint64_t size,
                         StoreClass store_class) {
  if (size == 0)
    return;
  if (!outline_ && size <= PERDURE_RANGE_MAX && store_class != StoreClass::Transient)
    return recordInline(point, address, size, store_class);
  record(point, address, ConstantInt::get(Type::getInt64Ty(function_.getContext()), size),
         store_class);
}

void HookEmitter::record(const HookPoint &point, Value *address, Value *size,
                         StoreClass store_class) {
  Hook hook = store_class == StoreClass::Relaxed     ? Hook::RecordRelaxed
              : store_class == StoreClass::Transient ? Hook::RecordInput
                                                     : Hook::Record;
  call(point, hook, {address, size});
}

void HookEmitter::call(const HookPoint &point, Hook hook, ArrayRef<Value *> arguments) {
  ++NumCalledHooks;
  HookBuilder builder(point);
  SmallVector<Value *, 3> converted;
  for (Value *argument : arguments)
    converted.push_back(argument->getType()->isPointerTy()
                            ? builder.CreateAddrSpaceCast(argument, builder.getPtrTy())
                            : builder.CreateZExtOrTrunc(argument, builder.getInt64Ty()));
  builder.CreateCall(hookFunction(*function_.getParent(), hook), converted);
}

void HookEmitter::recordInline(const HookPoint &point, Value *address, uint64_t size,
                               StoreClass store_class) {
  ++NumInlineHooks;
  HookBuilder builder(point);
  address = builder.CreateAddrSpaceCast(address, builder.getPtrTy());
  Value *number = builder.CreatePtrToInt(address, builder.getInt64Ty());
  if (isCertainlyPersistent(*address, facts_)) {
    ++NumCertainHooks;
  } else {
    Value *inside = builder.CreateICmpEQ(builder.CreateLShr(number, PERDURE_SLOT_SHIFT),
                                         builder.getInt64(PERDURE_SLOT));
    builder.SetInsertPoint(SplitBlockAndInsertIfThen(inside, point.before, false));
    builder.SetCurrentDebugLocation(point.location);
  }
  perdure_lane lane = laneOf(store_class);
  Value *slot = reserveSlot(builder, lane);
  Value *entry = builder.CreateOr(builder.CreateShl(number, 16), builder.getInt64(size));
  Value *no_room =
      builder.CreateIsNull(builder.CreateAnd(slot, builder.getInt64(PERDURE_CHUNK_FIRST_MASK)));
  Instruction *slow = nullptr, *fill = nullptr;
  MDNode *unlikely = MDBuilder(builder.getContext()).createBranchWeights(1, 2000);
  SplitBlockAndInsertIfThenElse(no_room, &*builder.GetInsertPoint(), &slow, &fill, unlikely);
  builder.SetInsertPoint(slow);
  builder.SetCurrentDebugLocation(point.location);
  builder.CreateCall(hookFunction(*function_.getParent(), Hook::RecordSlow),
                     {entry, builder.getInt32(lane)});
  builder.SetInsertPoint(fill);
  builder.SetCurrentDebugLocation(point.location);
  StoreInst *publish =
      builder.CreateAlignedStore(entry, builder.CreateIntToPtr(slot, builder.getPtrTy()), Align(8));
  publish->setAtomic(AtomicOrdering::Release);
}

} // namespace perdure
