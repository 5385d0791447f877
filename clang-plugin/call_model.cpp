// SPDX-License-Identifier: Apache-2.0
//
// Parses a model of libc_models.h at a call and emits its hooks after the call.
#include "modelled_calls.h"
#include "provably_volatile.h"

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/GlobalVariable.h>

using namespace llvm;

namespace perdure {

namespace {

class ModelEmitter {
public:
  ModelEmitter(CallBase &call, HookEmitter &emitter) : call_(call), emitter_(emitter) {}

  bool emitRange(StringRef target, StringRef length) {
    if (target.consume_back("...")) {
      unsigned first;
      if (target.getAsInteger(10, first))
        return false;
      for (unsigned i = first; i < call_.arg_size(); ++i)
        if (call_.getArgOperand(i)->getType()->isPointerTy() &&
            !emit(call_.getArgOperand(i), length))
          return false;
      return true;
    }
    Value *address = addressOf(target);
    return address && emit(address, length);
  }

private:
  HookPoint point() {
    if (!point_)
      point_ = hookPointAfter(call_);
    // Inline hooks split the block; the instruction after them stays the place for the next.
    return *point_;
  }

  Value *addressOf(StringRef target) {
    if (target == "ret")
      return call_.getType()->isPointerTy() ? &call_ : nullptr;
    bool through = target.consume_front("[");
    unsigned argument;
    if (target.consumeInteger(10, argument) || argument >= call_.arg_size() ||
        !call_.getArgOperand(argument)->getType()->isPointerTy())
      return nullptr;
    Value *address = call_.getArgOperand(argument);
    if (!through)
      return target.empty() ? address : nullptr;
    int64_t inner = 0, outer = 0;
    if (target.consume_front("+") && target.consumeInteger(10, inner))
      return nullptr;
    if (!target.consume_front("]") || (!target.empty() && target.getAsInteger(10, outer)))
      return nullptr;
    return loadPointer(address, inner, outer);
  }

  // The pointer at ADDRESS + INNER, plus OUTER; a null ADDRESS (an argument not used) yields null.
  Value *loadPointer(Value *address, int64_t inner, int64_t outer) {
    HookBuilder builder(point());
    Type *pointer = builder.getPtrTy();
    Module &module = *call_.getModule();
    auto *nothing = dyn_cast<GlobalVariable>(module.getOrInsertGlobal("perdure.null", pointer, [&] {
      return new GlobalVariable(module, pointer, true, GlobalValue::PrivateLinkage,
                                Constant::getNullValue(pointer), "perdure.null");
    }));
    Value *source =
        builder.CreateSelect(builder.CreateIsNull(address), nothing,
                             builder.CreateConstGEP1_64(builder.getInt8Ty(), address, inner));
    return builder.CreateConstGEP1_64(builder.getInt8Ty(), builder.CreateLoad(pointer, source),
                                      outer);
  }

  bool emit(Value *address, StringRef length) {
    if (!volatileReason(*address, emitter_.facts()).empty())
      return true;
    if (length == "string")
      emitter_.call(point(), Hook::RecordString, {address});
    else if (length == "object")
      emitter_.call(point(), Hook::RecordObject, {address});
    else if (length == "iovec")
      emitter_.call(point(), Hook::RecordIovec, {address, factor("a2"), factor("ret")});
    else if (length == "message")
      emitter_.call(point(), Hook::RecordMessage, {address, factor("ret")});
    else if (length == "messages")
      emitter_.call(point(), Hook::RecordMessages, {address, factor("ret")});
    else if (length == "wstring")
      emitter_.record(point(), address, wideLength(address), classOf(call_));
    else
      return emitLength(address, length);
    return true;
  }

  bool emitLength(Value *address, StringRef length) {
    Value *size = expression(length);
    if (!size)
      return false;
    if (auto *constant = dyn_cast<ConstantInt>(size))
      emitter_.record(point(), address, constant->getZExtValue(), classOf(call_));
    else
      emitter_.record(point(), address, size, classOf(call_));
    return true;
  }

  Value *wideLength(Value *address) {
    HookBuilder builder(point());
    FunctionCallee wcslen =
        call_.getModule()->getOrInsertFunction("wcslen", builder.getInt64Ty(), builder.getPtrTy());
    return builder.CreateShl(
        builder.CreateAdd(builder.CreateCall(wcslen, {address}), builder.getInt64(1)), 2);
  }

  Value *expression(StringRef text) {
    auto [left, right] = text.split('<');
    Value *size = product(left);
    if (right.empty() || !size)
      return size;
    Value *limit = product(right);
    return limit ? HookBuilder(point()).CreateBinaryIntrinsic(Intrinsic::umin, size, limit)
                 : nullptr;
  }

  Value *product(StringRef text) {
    auto [left, right] = text.split('*');
    Value *size = factor(left);
    if (right.empty() || !size)
      return size;
    Value *rest = product(right);
    return rest ? HookBuilder(point()).CreateMul(size, rest) : nullptr;
  }

  Value *factor(StringRef text) {
    IntegerType *i64 = Type::getInt64Ty(call_.getContext());
    uint64_t number;
    if (!text.getAsInteger(10, number))
      return ConstantInt::get(i64, number);
    uint64_t extra = text.consume_back("+1") ? 1 : 0;
    Value *value = nullptr;
    unsigned argument;
    if (text == "ret")
      value = &call_;
    else if (text.consume_front("a") && !text.getAsInteger(10, argument) &&
             argument < call_.arg_size())
      value = call_.getArgOperand(argument);
    if (!value || !value->getType()->isIntegerTy())
      return nullptr;
    HookBuilder builder(point());
    value = builder.CreateSExtOrTrunc(value, i64);
    if (auto *constant = dyn_cast<ConstantInt>(value))
      return ConstantInt::get(i64, constant->isNegative() ? 0 : constant->getZExtValue() + extra);
    Value *valid = builder.CreateICmpSGE(value, builder.getInt64(0));
    Value *sum = extra ? builder.CreateAdd(value, builder.getInt64(extra)) : value;
    return builder.CreateSelect(valid, sum, builder.getInt64(0));
  }

  CallBase &call_;
  HookEmitter &emitter_;
  std::optional<HookPoint> point_;
};

} // namespace

bool emitModel(CallBase &call, StringRef model, HookEmitter &emitter) {
  if (model == "none")
    return true;
  // The hook comes between the call and the return.
  if (auto *plain = dyn_cast<CallInst>(&call); plain && plain->isMustTailCall())
    plain->setTailCallKind(CallInst::TCK_None);
  ModelEmitter emit(call, emitter);
  SmallVector<StringRef, 4> ranges;
  model.split(ranges, ',');
  for (StringRef range : ranges) {
    auto [target, length] = range.trim().split(':');
    if (!emit.emitRange(target.trim(), length.trim()))
      return false;
  }
  return true;
}

} // namespace perdure
