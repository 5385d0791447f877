// SPDX-License-Identifier: Apache-2.0
//
// A store changes only the bits of C if its value is `old | C`, `old & ~C` or `old ^ C` and `old`
// is what the same address held: loaded before, with no write on the only path between.
#include "changed_bits.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>

using namespace llvm;

namespace perdure {

namespace {

constexpr uint64_t kAll = ~0ull;
constexpr unsigned kMaxScan = 64; // instructions between load and store, against quadratic work

// Walks back from the store, through blocks with one predecessor, so over the only path there is.
bool nothingWrittenBetween(const LoadInst &load, const StoreInst &store) {
  unsigned budget = kMaxScan;
  const Instruction *at = &store;
  while (budget--) {
    const BasicBlock *before = at->getParent()->getSinglePredecessor();
    at = at->getPrevNode() ? at->getPrevNode() : before ? before->getTerminator() : nullptr;
    if (!at || at == &load)
      return at != nullptr;
    auto *intrinsic = dyn_cast<IntrinsicInst>(at);
    if (at->mayWriteToMemory() && !(intrinsic && intrinsic->isAssumeLikeIntrinsic()))
      return false;
  }
  return false;
}

bool sameAddress(const Value *left, const Value *right) {
  left = left->stripPointerCasts();
  right = right->stripPointerCasts();
  if (left == right)
    return true;
  auto *a = dyn_cast<Instruction>(left);
  auto *b = dyn_cast<Instruction>(right);
  return a && b && isa<GetElementPtrInst>(a) && a->isIdenticalTo(b);
}

uint64_t changedIn(const Value *value, const StoreInst &store) {
  if (auto *load = dyn_cast<LoadInst>(value))
    return sameAddress(load->getPointerOperand(), store.getPointerOperand()) &&
                   nothingWrittenBetween(*load, store)
               ? 0
               : kAll;
  if (isa<ZExtInst, SExtInst, TruncInst>(value))
    return changedIn(cast<CastInst>(value)->getOperand(0), store);
  auto *operation = dyn_cast<BinaryOperator>(value);
  auto *constant = operation ? dyn_cast<ConstantInt>(operation->getOperand(1)) : nullptr;
  if (!constant || constant->getBitWidth() > 64)
    return kAll;
  uint64_t before = changedIn(operation->getOperand(0), store);
  switch (operation->getOpcode()) {
  case Instruction::Or:
  case Instruction::Xor:
    return before | constant->getZExtValue();
  case Instruction::And:
    return before | static_cast<uint64_t>(~constant->getSExtValue());
  default:
    return kAll;
  }
}

uint64_t withinWidth(uint64_t bits, const Type *type) {
  unsigned width = type->isIntegerTy() ? type->getIntegerBitWidth() : 64;
  return width < 64 ? bits & ((1ull << width) - 1) : bits;
}

uint64_t changedByAtomic(const AtomicRMWInst &rmw) {
  auto *constant = dyn_cast<ConstantInt>(rmw.getValOperand());
  if (!constant || constant->getBitWidth() > 64)
    return kAll;
  switch (rmw.getOperation()) {
  case AtomicRMWInst::Or:
  case AtomicRMWInst::Xor:
    return constant->getZExtValue();
  case AtomicRMWInst::And:
    return static_cast<uint64_t>(~constant->getSExtValue());
  default:
    return kAll;
  }
}

} // namespace

uint64_t changedBits(const Instruction &instruction) {
  if (auto *store = dyn_cast<StoreInst>(&instruction)) {
    const Type *type = store->getValueOperand()->getType();
    if (!type->isIntegerTy() || type->getIntegerBitWidth() > 64)
      return kAll;
    return withinWidth(changedIn(store->getValueOperand(), *store), type);
  }
  if (auto *rmw = dyn_cast<AtomicRMWInst>(&instruction))
    return withinWidth(changedByAtomic(*rmw), rmw->getType());
  return kAll;
}

Value *writtenPointer(const Instruction &instruction) {
  if (auto *store = dyn_cast<StoreInst>(&instruction))
    return const_cast<Value *>(store->getPointerOperand());
  if (auto *rmw = dyn_cast<AtomicRMWInst>(&instruction))
    return const_cast<Value *>(rmw->getPointerOperand());
  if (auto *exchange = dyn_cast<AtomicCmpXchgInst>(&instruction))
    return const_cast<Value *>(exchange->getPointerOperand());
  if (auto *intrinsic = dyn_cast<AnyMemIntrinsic>(&instruction))
    return const_cast<Value *>(intrinsic->getRawDest());
  return nullptr;
}

std::optional<uint64_t> writtenSize(const Instruction &instruction, const DataLayout &layout) {
  auto sizeOf = [&](const Value *value) -> std::optional<uint64_t> {
    TypeSize size = layout.getTypeStoreSize(value->getType());
    if (size.isScalable())
      return std::nullopt;
    return size.getFixedValue();
  };
  if (auto *store = dyn_cast<StoreInst>(&instruction))
    return sizeOf(store->getValueOperand());
  if (auto *rmw = dyn_cast<AtomicRMWInst>(&instruction))
    return sizeOf(rmw->getValOperand());
  if (auto *exchange = dyn_cast<AtomicCmpXchgInst>(&instruction))
    return sizeOf(exchange->getNewValOperand());
  if (auto *intrinsic = dyn_cast<AnyMemIntrinsic>(&instruction))
    if (auto *length = dyn_cast<ConstantInt>(intrinsic->getLength()))
      return length->getZExtValue();
  return std::nullopt;
}

} // namespace perdure
