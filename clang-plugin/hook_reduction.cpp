// SPDX-License-Identifier: Apache-2.0
#include "hook_reduction.h"
#include "field_classes.h"
#include "provably_volatile.h"
#include "runtime_abi.h"

#include <llvm/ADT/Statistic.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>

#define DEBUG_TYPE "perdure"
STATISTIC(NumMerged, "Hooks merged into the next store's");

using namespace llvm;

namespace perdure {

namespace {

constexpr int64_t kMaxGap = 16;   // bytes between two stores of a run
constexpr int64_t kMaxSpan = 256; // bytes of a run

using MergedHooks = DenseMap<const Instruction *, MergedHook>;

// Consecutive stores to one object, in program order.
class Run {
public:
  explicit Run(MergedHooks &merged) : merged_(merged) {}

  void add(StoreInst &store) {
    const DataLayout &layout = store.getDataLayout();
    int64_t offset = 0;
    Value *address = store.getPointerOperand();
    const Value *base = GetPointerBaseWithConstantOffset(address, offset, layout);
    int64_t size = static_cast<int64_t>(
        layout.getTypeStoreSize(store.getValueOperand()->getType()).getFixedValue());
    StoreClass store_class = classOf(store);
    if (stores_.empty() || base != base_ || store_class != class_ || offset > end_ + kMaxGap ||
        offset + size < begin_ - kMaxGap ||
        std::max(end_, offset + size) - std::min(begin_, offset) > kMaxSpan) {
      finish();
      base_ = base;
      class_ = store_class;
      begin_ = offset;
      end_ = offset + size;
      lowest_ = address;
    } else {
      if (offset < begin_) {
        begin_ = offset;
        lowest_ = address;
      }
      end_ = std::max(end_, offset + size);
    }
    stores_.push_back(&store);
  }

  void finish() {
    if (stores_.size() > 1) {
      merged_[stores_.back()] = {lowest_, static_cast<uint64_t>(end_ - begin_)};
      stores_.pop_back();
      for (const StoreInst *store : stores_)
        merged_[store] = {};
      NumMerged += stores_.size();
    }
    stores_.clear();
  }

private:
  MergedHooks &merged_;
  SmallVector<StoreInst *, 8> stores_;
  const Value *base_ = nullptr;
  Value *lowest_ = nullptr;
  StoreClass class_ = StoreClass::Persistent;
  int64_t begin_ = 0, end_ = 0; // offsets from base_
};

bool isHarmless(const Instruction &instruction) {
  if (auto *call = dyn_cast<CallBase>(&instruction)) {
    auto *intrinsic = dyn_cast<IntrinsicInst>(call);
    return intrinsic && (intrinsic->isAssumeLikeIntrinsic() || !intrinsic->mayWriteToMemory());
  }
  return !instruction.mayWriteToMemory() && !instruction.isVolatile() && !instruction.isAtomic();
}

} // namespace

MergedHooks mergeHooks(Function &function, const Facts &facts) {
  MergedHooks merged;
  Run run(merged);
  for (BasicBlock &block : function) {
    for (Instruction &instruction : block) {
      auto *store = dyn_cast<StoreInst>(&instruction);
      if (store && store->isSimple() && store->getPointerAddressSpace() == 0 &&
          !store->getValueOperand()->getType()->isScalableTy()) {
        if (!volatileReason(*store->getPointerOperand(), facts).empty())
          continue; // private to the thread: no one can act on it
        if (classOf(*store) != StoreClass::Transient) {
          run.add(*store);
          continue;
        }
      }
      if (!isHarmless(instruction))
        run.finish();
    }
    run.finish();
  }
  return merged;
}

} // namespace perdure
