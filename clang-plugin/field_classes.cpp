// SPDX-License-Identifier: Apache-2.0
//
// llvm.ptr.annotation and spans of globals -> !perdure.class; the check of bit classes is in
// changed_bits.cpp.
#include "field_classes.h"
#include "changed_bits.h"
#include "diagnostics.h"
#include "runtime_abi.h"
#include "surviving_classes.h"

#include <llvm/ADT/Statistic.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/GetElementPtrTypeIterator.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Operator.h>

#define DEBUG_TYPE "perdure"
STATISTIC(NumLockFields, "Mutex calls on lock fields that bound a unit");

using namespace llvm;

namespace perdure {

namespace {

constexpr StringLiteral kFieldPrefix = "perdure.field:";

// "perdure.field:X" -> X; empty if CALL is no annotation of ours.
StringRef fieldClass(const CallBase &call) {
  StringRef text;
  auto *intrinsic = dyn_cast<IntrinsicInst>(&call);
  if (!intrinsic || intrinsic->getIntrinsicID() != Intrinsic::ptr_annotation ||
      !getConstantStringInfo(call.getArgOperand(1), text) || !text.consume_front(kFieldPrefix))
    return "";
  return text;
}

void retargetLockCall(CallBase &call) {
  Function *callee = call.getCalledFunction();
  if (!callee)
    return;
  Module &module = *call.getModule();
  StringRef name = callee->getName();
  if (name == "pthread_mutex_lock")
    call.setCalledFunction(hookFunction(module, Hook::UnitMutexLock));
  else if (name == "pthread_mutex_trylock")
    call.setCalledFunction(hookFunction(module, Hook::UnitMutexTrylock));
  else if (name.starts_with("pthread_mutex_") || name.starts_with("pthread_cond_"))
    return;
  else
    return warn(call, "the lock field is passed to '" + name +
                          "', which perdure does not see as a lock; use pthread_mutex_lock on it, "
                          "or name the function that locks under  transactions:");
  ++NumLockFields;
}

// Marks the stores whose address is POINTER or computed from it.
void markThrough(Value &pointer, StringRef text) {
  SmallVector<Value *, 8> worklist{&pointer};
  while (!worklist.empty()) {
    Value *address = worklist.pop_back_val();
    for (User *user : address->users()) {
      auto *instruction = dyn_cast<Instruction>(user);
      if (!instruction)
        continue;
      if (isa<GetElementPtrInst, BitCastInst, AddrSpaceCastInst>(instruction)) {
        worklist.push_back(instruction);
        continue;
      }
      if (auto *call = dyn_cast<CallBase>(instruction); call && !isa<AnyMemIntrinsic>(call)) {
        if (call->getIntrinsicID() == Intrinsic::ptr_annotation && fieldClass(*call).empty())
          worklist.push_back(call);
        else if (text == "lock" && call->getIntrinsicID() == Intrinsic::not_intrinsic)
          retargetLockCall(*call);
        continue;
      }
      if (text != "lock" && writtenPointer(*instruction) == address)
        setClass(*instruction, text);
    }
  }
}

// Adds the offset of POINTER in its global to SPAN. An index that varies ends the walk with the
// array it indexes as the span (size > 0). False where neither is known.
bool reachableSpan(const Value *pointer, const DataLayout &layout, Span &span) {
  auto *gep = dyn_cast<GEPOperator>(pointer);
  if (!gep)
    return isa<GlobalVariable>(pointer);
  if (!reachableSpan(gep->getPointerOperand(), layout, span) || span.size > 0)
    return span.size > 0;
  Type *type = nullptr;
  for (auto step = gep_type_begin(gep), end = gep_type_end(gep); step != end; ++step) {
    auto *index = dyn_cast<ConstantInt>(step.getOperand());
    if (!index) {
      span.size =
          isa_and_nonnull<ArrayType>(type) ? layout.getTypeAllocSize(type) : TypeSize::getFixed(0);
      return span.size > 0;
    }
    type = step.getIndexedType();
    if (StructType *record = step.getStructTypeOrNull())
      span.offset += layout.getStructLayout(record)->getElementOffset(index->getZExtValue());
    else
      span.offset += index->getSExtValue() * layout.getTypeAllocSize(type).getFixedValue();
  }
  return true;
}

void markSpans(Instruction &instruction, const Facts &facts, const DataLayout &layout) {
  Value *pointer = writtenPointer(instruction);
  if (!pointer || instruction.hasMetadata(kClassMetadata))
    return;
  const GlobalFacts *global = facts.persistentGlobal(getUnderlyingObject(pointer, 0));
  if (!global || (global->volatile_spans.empty() && global->relaxed_spans.empty()))
    return;
  Span span{0, 0};
  if (!reachableSpan(pointer->stripPointerCasts(), layout, span))
    return;
  if (span.size == 0)
    span.size = writtenSize(instruction, layout).value_or(UINT32_MAX);
  StringRef text = spanClass(*global, span);
  if (!text.empty())
    setClass(instruction, text);
}

// The function's own stores and modelled calls, before anything is inlined into it.
void relaxStores(Function &function) {
  for (Instruction &instruction : instructions(function))
    if (instruction.mayWriteToMemory() && !instruction.hasMetadata(kClassMetadata))
      setClass(instruction, "relaxed");
}

// The calls whose models say what they write. What is inlined into them keeps its own class.
void leaveInputUnrecorded(Function &function) {
  for (Instruction &instruction : instructions(function))
    if (isa<CallBase>(instruction) && instruction.mayWriteToMemory())
      setClass(instruction, "transient");
}

} // namespace

void markFieldClasses(Module &module, const Facts &facts) {
  SmallVector<CallBase *, 16> annotations;
  for (Function &function : module) {
    for (Instruction &instruction : instructions(function)) {
      if (auto *call = dyn_cast<CallBase>(&instruction))
        if (!fieldClass(*call).empty())
          annotations.push_back(call);
      markSpans(instruction, facts, module.getDataLayout());
    }
  }
  for (CallBase *call : annotations)
    markThrough(*call, fieldClass(*call));
  for (CallBase *call : annotations) {
    call->replaceAllUsesWith(call->getArgOperand(0));
    call->eraseFromParent();
  }
  for (Function &function : module)
    if (facts.has(function.getName(), "relaxed-stores"))
      relaxStores(function);
  for (Function &function : module)
    if (facts.has(function.getName(), "unrecorded-input"))
      leaveInputUnrecorded(function);
}

StoreClass classOf(const Instruction &instruction) {
  const MDNode *node = instruction.getMetadata(kClassMetadata);
  if (!node || node->getNumOperands() == 0)
    return StoreClass::Persistent;
  StringRef text = cast<MDString>(node->getOperand(0))->getString();
  StoreClass result = text.starts_with("relaxed") ? StoreClass::Relaxed : StoreClass::Transient;
  if (node->getNumOperands() == 1)
    return result;
  uint64_t mask = 0;
  cast<MDString>(node->getOperand(1))->getString().getAsInteger(10, mask);
  return (changedBits(instruction) & ~mask) == 0 ? result : StoreClass::Persistent;
}

} // namespace perdure
