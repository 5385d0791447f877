// SPDX-License-Identifier: Apache-2.0
//
// Hooks of storing intrinsics. Masks become integers: the first and last active lane are bit scans,
// the number of lanes of a compressing store is a population count.
#include "vector_hooks.h"
#include "provably_volatile.h"

#include <llvm/ADT/Statistic.h>
#include <llvm/IR/Constants.h>

#define DEBUG_TYPE "perdure"
STATISTIC(NumMasked, "Masked, scattering and compressing stores");

using namespace llvm;

namespace perdure {

namespace {

constexpr uint64_t kVaListSize = 24; // bytes, x86-64

class VectorHooks {
public:
  VectorHooks(IntrinsicInst &intrinsic, HookEmitter &emitter)
      : intrinsic_(intrinsic), emitter_(emitter), point_(hookPointAfter(intrinsic)),
        builder_(point_) {}

  void span(Value *address, Value *stored, Value *mask) {
    auto *type = cast<FixedVectorType>(stored->getType());
    uint64_t lanes = type->getNumElements();
    uint64_t bits = type->getScalarSizeInBits();
    if (lanes > 64 || bits % 8 != 0)
      return fixed(address, storeSize(stored));
    Value *set = maskBits(mask, lanes);
    Value *first = builder_.CreateBinaryIntrinsic(Intrinsic::cttz, set, builder_.getFalse());
    Value *last = builder_.CreateSub(
        builder_.getInt64(64),
        builder_.CreateBinaryIntrinsic(Intrinsic::ctlz, set, builder_.getFalse()));
    Value *any = builder_.CreateIsNotNull(set);
    Value *begin = builder_.CreateSelect(any, first, builder_.getInt64(0));
    Value *count =
        builder_.CreateSelect(any, builder_.CreateSub(last, first), builder_.getInt64(0));
    range(address, begin, count, bits / 8);
  }

  void compressed(Value *address, Value *stored, Value *mask) {
    auto *type = cast<FixedVectorType>(stored->getType());
    Value *count =
        builder_.CreateUnaryIntrinsic(Intrinsic::ctpop, maskBits(mask, type->getNumElements()));
    range(address, builder_.getInt64(0), count, type->getScalarSizeInBits() / 8);
  }

  // ADDRESS_OF gives lane I's address; lanes that are off get a null address, which is no pool's.
  void lanes(Value *stored, Value *mask, function_ref<Value *(unsigned)> address_of) {
    auto *type = cast<FixedVectorType>(stored->getType());
    uint64_t size =
        intrinsic_.getModule()->getDataLayout().getTypeStoreSize(type->getElementType());
    for (unsigned i = 0; i < type->getNumElements(); ++i) {
      Value *address = builder_.CreateAddrSpaceCast(address_of(i), builder_.getPtrTy());
      Value *active = builder_.CreateSelect(builder_.CreateExtractElement(mask, i), address,
                                            Constant::getNullValue(builder_.getPtrTy()));
      emitter_.record(point_, active, builder_.getInt64(size), StoreClass::Persistent);
    }
  }

  void fixed(Value *address, uint64_t size) {
    emitter_.record(point_, address, builder_.getInt64(size), classOf(intrinsic_));
  }

  // MASK restricted to the first LENGTH lanes (vector predication).
  Value *within(Value *mask, Value *length) {
    auto lanes = cast<FixedVectorType>(mask->getType())->getElementCount();
    auto *index = FixedVectorType::get(length->getType(), lanes.getFixedValue());
    return builder_.CreateAnd(mask,
                              builder_.CreateICmpULT(builder_.CreateStepVector(index),
                                                     builder_.CreateVectorSplat(lanes, length)));
  }

  uint64_t storeSize(Value *stored) {
    return intrinsic_.getModule()->getDataLayout().getTypeStoreSize(stored->getType());
  }

  HookBuilder &builder() { return builder_; }

private:
  Value *maskBits(Value *mask, uint64_t lanes) {
    return builder_.CreateZExt(builder_.CreateBitCast(mask, builder_.getIntNTy(lanes)),
                               builder_.getInt64Ty());
  }

  void range(Value *address, Value *begin, Value *count, uint64_t element_size) {
    Value *scale = builder_.getInt64(element_size);
    Value *start =
        builder_.CreateGEP(builder_.getInt8Ty(), address, builder_.CreateMul(begin, scale));
    emitter_.record(point_, start, builder_.CreateMul(count, scale), classOf(intrinsic_));
  }

  IntrinsicInst &intrinsic_;
  HookEmitter &emitter_;
  HookPoint point_;
  HookBuilder builder_;
};

void hookScatter(VectorHooks &hooks, Value *stored, Value *pointers, Value *mask) {
  hooks.lanes(stored, mask,
              [&](unsigned i) { return hooks.builder().CreateExtractElement(pointers, i); });
}

void hookStridedStore(VectorHooks &hooks, IntrinsicInst &call) {
  HookBuilder &builder = hooks.builder();
  Value *stride = builder.CreateSExtOrTrunc(call.getArgOperand(2), builder.getInt64Ty());
  hooks.lanes(call.getArgOperand(0), hooks.within(call.getArgOperand(3), call.getArgOperand(4)),
              [&](unsigned i) {
                return builder.CreateGEP(builder.getInt8Ty(), call.getArgOperand(1),
                                         builder.CreateMul(stride, builder.getInt64(i)));
              });
}

// llvm.x86.avx512.*scatter*(base, mask, index, value, scale)
void hookTargetScatter(VectorHooks &hooks, IntrinsicInst &call) {
  HookBuilder &builder = hooks.builder();
  Value *index = call.getArgOperand(2);
  uint64_t scale = cast<ConstantInt>(call.getArgOperand(4))->getZExtValue();
  Value *mask = call.getArgOperand(1);
  auto lanes = cast<FixedVectorType>(call.getArgOperand(3)->getType())->getNumElements();
  if (mask->getType()->isIntegerTy())
    mask = builder.CreateBitCast(
        mask, FixedVectorType::get(builder.getInt1Ty(), mask->getType()->getIntegerBitWidth()));
  if (cast<FixedVectorType>(mask->getType())->getNumElements() < lanes)
    mask = ConstantInt::getTrue(FixedVectorType::get(builder.getInt1Ty(), lanes));
  hooks.lanes(call.getArgOperand(3), mask, [&](unsigned i) {
    Value *offset =
        builder.CreateSExt(builder.CreateExtractElement(index, i), builder.getInt64Ty());
    return builder.CreateGEP(builder.getInt8Ty(), call.getArgOperand(0),
                             builder.CreateMul(offset, builder.getInt64(scale)));
  });
}

// The stores of the x86 intrinsics, by name, because their IDs are one each size and type.
bool hookTargetStore(IntrinsicInst &call, HookEmitter &emitter) {
  StringRef name = call.getCalledFunction()->getName();
  if (!name.consume_front("llvm.x86."))
    return false;
  VectorHooks hooks(call, emitter);
  Value *first = call.getArgOperand(0);
  if (name.starts_with("avx.maskstore") || name.starts_with("avx2.maskstore")) {
    Value *sign = hooks.builder().CreateBitCast(
        call.getArgOperand(1),
        VectorType::getInteger(cast<VectorType>(call.getArgOperand(1)->getType())));
    Value *mask = hooks.builder().CreateICmpSLT(sign, Constant::getNullValue(sign->getType()));
    hooks.span(first, call.getArgOperand(2), mask);
  } else if (name.contains("scatter") && call.arg_size() == 5) {
    hookTargetScatter(hooks, call);
  } else if (name.starts_with("avx512.mask.pmov") && name.contains(".mem.")) {
    char element = name[name.find(".mem.") - 1];
    uint64_t size = element == 'b' ? 1 : element == 'w' ? 2 : 4;
    hooks.fixed(first,
                size * cast<FixedVectorType>(call.getArgOperand(1)->getType())->getNumElements());
  } else if (name == "sse2.maskmov.dqu" || name == "mmx.maskmovq") {
    hooks.fixed(call.getArgOperand(2), name == "mmx.maskmovq" ? 8 : 16);
  } else if (name == "sse.stmxcsr" || name == "directstore32") {
    hooks.fixed(first, 4);
  } else if (name == "directstore64") {
    hooks.fixed(first, 8);
  } else if (name == "movdir64b") {
    hooks.fixed(first, 64);
  } else {
    return false;
  }
  return true;
}

bool mayWritePool(const IntrinsicInst &call, const Facts &facts) {
  if (call.isAssumeLikeIntrinsic() || call.onlyReadsMemory())
    return false;
  StringRef name = call.getCalledFunction()->getName();
  if (name.starts_with("llvm.coro.") || name.starts_with("llvm.eh.") ||
      name.starts_with("llvm.instrprof.") || name.starts_with("llvm.prefetch"))
    return false;
  for (unsigned i = 0; i < call.arg_size(); ++i)
    if (call.getArgOperand(i)->getType()->isPtrOrPtrVectorTy() && !call.onlyReadsMemory(i) &&
        volatileReason(*call.getArgOperand(i), facts).empty())
      return true;
  return false;
}

} // namespace

bool instrumentIntrinsic(IntrinsicInst &call, HookEmitter &emitter) {
  if (!mayWritePool(call, emitter.facts()))
    return true;
  ++NumMasked;
  auto operand = [&](unsigned i) { return call.getArgOperand(i); };
  switch (call.getIntrinsicID()) {
  case Intrinsic::masked_store:
    VectorHooks(call, emitter).span(operand(1), operand(0), operand(3));
    return true;
  case Intrinsic::masked_compressstore:
    VectorHooks(call, emitter).compressed(operand(1), operand(0), operand(2));
    return true;
  case Intrinsic::masked_scatter: {
    VectorHooks hooks(call, emitter);
    hookScatter(hooks, operand(0), operand(1), operand(3));
    return true;
  }
  case Intrinsic::vp_store: {
    VectorHooks hooks(call, emitter);
    hooks.span(operand(1), operand(0), hooks.within(operand(2), operand(3)));
    return true;
  }
  case Intrinsic::vp_scatter: {
    VectorHooks hooks(call, emitter);
    hookScatter(hooks, operand(0), operand(1), hooks.within(operand(2), operand(3)));
    return true;
  }
  case Intrinsic::experimental_vp_strided_store: {
    VectorHooks hooks(call, emitter);
    hookStridedStore(hooks, call);
    return true;
  }
  case Intrinsic::vastart:
  case Intrinsic::vacopy:
    VectorHooks(call, emitter).fixed(operand(0), kVaListSize);
    return true;
  case Intrinsic::vaend:
  case Intrinsic::stackrestore: // the end of a variable-length array's scope
    return true;
  default:
    return hookTargetStore(call, emitter);
  }
}

} // namespace perdure
