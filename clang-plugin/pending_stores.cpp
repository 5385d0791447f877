// SPDX-License-Identifier: Apache-2.0
//
// Reads the hooks back from the code that was emitted, and knows nothing of how they were merged.
// One walk over the blocks in reverse post-order: what is pending at a block's begin is what was at
// the end of any block before it.
#include "pending_stores.h"
#include "changed_bits.h"
#include "diagnostics.h"
#include "provably_volatile.h"
#include "runtime_abi.h"

#include <llvm/ADT/MapVector.h>
#include <llvm/ADT/PostOrderIterator.h>
#include <llvm/ADT/Statistic.h>
#include <llvm/Analysis/Loads.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/PatternMatch.h>

#define DEBUG_TYPE "perdure"
STATISTIC(NumUnrecorded, "Stores not recorded in time");

using namespace llvm;
using namespace llvm::PatternMatch;

namespace perdure {

namespace {

struct Range {
  const Value *base; // null: a number
  int64_t begin, end;

  bool covers(const Range &other) const {
    return base == other.base && begin <= other.begin && end >= other.end;
  }
};

Range rangeAt(const Value &address, uint64_t size, const DataLayout &layout) {
  int64_t offset = 0;
  const Value *base = GetPointerBaseWithConstantOffset(&address, offset, layout);
  const APInt *number = nullptr;
  if (match(base, m_IntToPtr(m_APInt(number)))) {
    offset += number->getSExtValue();
    base = nullptr;
  }
  return {base, offset, offset + static_cast<int64_t>(size)};
}

std::optional<Range> rangeOfEntry(const Value &entry, const DataLayout &layout) {
  const Value *address = nullptr;
  uint64_t size = 0;
  if (match(&entry,
            m_c_Or(m_Shl(m_PtrToInt(m_Value(address)), m_SpecificInt(16)), m_ConstantInt(size))))
    return rangeAt(*address, size, layout);
  if (auto *number = dyn_cast<ConstantInt>(&entry)) {
    auto begin = static_cast<int64_t>(number->getZExtValue() >> 16);
    return Range{nullptr, begin, begin + static_cast<int64_t>(number->getZExtValue() & 0xffff)};
  }
  return std::nullopt;
}

// What HOOK, an instruction of a hook, records.
std::optional<Range> recordedBy(const Instruction &hook, const DataLayout &layout) {
  if (auto *fill = dyn_cast<StoreInst>(&hook))
    return rangeOfEntry(*fill->getValueOperand(), layout);
  auto *call = dyn_cast<CallInst>(&hook);
  if (!call || !call->getCalledFunction())
    return std::nullopt;
  StringRef name = call->getCalledFunction()->getName();
  if (name == "perdure_record_slow")
    return rangeOfEntry(*call->getArgOperand(0), layout);
  if (name != "perdure_record" && name != "perdure_record_relaxed")
    return std::nullopt;
  auto *size = dyn_cast<ConstantInt>(call->getArgOperand(1));
  return size ? std::optional(rangeAt(*call->getArgOperand(0), size->getZExtValue(), layout))
              : std::nullopt;
}

// Base of the address that a hook's range test finds outside of the pool if it leads to NEXT.
const Value *foundOutside(const Instruction &end, const BasicBlock *next,
                          const DataLayout &layout) {
  auto *branch = dyn_cast<BranchInst>(&end);
  if (!branch || !branch->isConditional() || branch->getSuccessor(1) != next ||
      branch->getSuccessor(0) == next)
    return nullptr;
  auto *test = dyn_cast<Instruction>(branch->getCondition());
  const Value *address = nullptr;
  ICmpInst::Predicate predicate;
  if (!test || !test->hasMetadata(kHookMetadata) ||
      !match(test, m_ICmp(predicate,
                          m_LShr(m_PtrToInt(m_Value(address)), m_SpecificInt(PERDURE_SLOT_SHIFT)),
                          m_SpecificInt(PERDURE_SLOT))) ||
      predicate != ICmpInst::ICMP_EQ)
    return nullptr;
  return rangeAt(*address, 0, layout).base;
}

bool isDeadEdge(const Instruction &end, const BasicBlock *next) {
  auto *branch = dyn_cast<BranchInst>(&end);
  auto *condition =
      branch && branch->isConditional() ? dyn_cast<ConstantInt>(branch->getCondition()) : nullptr;
  return condition && branch->getSuccessor(condition->isZero() ? 1 : 0) != next;
}

// Whether a store before INSTRUCTION must have been recorded. Plain stores publish nothing, nor do
// loads; but a volatile load may be a probe, from whose fault a signal handler jumps away.
bool demandsEntries(const Instruction &instruction) {
  if (auto *load = dyn_cast<LoadInst>(&instruction); load && !load->isAtomic())
    return load->isVolatile() &&
           !isDereferenceablePointer(load->getPointerOperand(), load->getType(),
                                     load->getModule()->getDataLayout());
  if (isa<LoadInst, StoreInst>(instruction))
    return instruction.isVolatile() || instruction.isAtomic();
  if (auto *copy = dyn_cast<MemIntrinsic>(&instruction))
    return copy->isVolatile();
  if (auto *intrinsic = dyn_cast<IntrinsicInst>(&instruction);
      intrinsic && intrinsic->isAssumeLikeIntrinsic())
    return false;
  return instruction.mayHaveSideEffects();
}

class PendingStores {
public:
  PendingStores(const Facts &facts, const Coverage &coverage, const DataLayout &layout)
      : facts_(facts), coverage_(coverage), layout_(layout) {}

  void check(const Function &function) {
    ReversePostOrderTraversal<const Function *> order(&function);
    DenseMap<const BasicBlock *, unsigned> number;
    for (const BasicBlock *block : order)
      number[block] = number.size();
    for (const BasicBlock *block : order) {
      Set pending = std::move(at_begin_[block]);
      for (const Instruction &instruction : *block)
        pass(instruction, pending);
      const Instruction &end = *block->getTerminator();
      if (succ_empty(block))
        demandNone(pending, end);
      for (const BasicBlock *next : successors(block)) {
        if (isDeadEdge(end, next))
          continue;
        if (number[next] <= number[block]) {
          demandNone(pending, end);
          continue;
        }
        const Value *outside = foundOutside(end, next, layout_);
        for (const auto &[store, range] : pending)
          if (!outside || range.base != outside)
            at_begin_[next].insert({store, range});
      }
    }
  }

private:
  using Set = SmallMapVector<const Instruction *, Range, 4>;

  void pass(const Instruction &instruction, Set &pending) {
    if (instruction.hasMetadata(kHookMetadata)) {
      if (std::optional<Range> recorded = recordedBy(instruction, layout_))
        pending.remove_if([&](const auto &store) { return recorded->covers(store.second); });
      return;
    }
    if (demandsEntries(instruction))
      demandNone(pending, instruction);
    if (std::optional<uint64_t> size = sizeToRecord(instruction))
      pending.insert({&instruction, rangeAt(*writtenPointer(instruction), *size, layout_)});
  }

  std::optional<uint64_t> sizeToRecord(const Instruction &instruction) const {
    if ((!isa<StoreInst>(instruction) && !isa<AnyMemIntrinsic>(instruction)) ||
        !coverage_.covered.contains(&instruction) || coverage_.transient.contains(&instruction))
      return std::nullopt;
    const Value *address = writtenPointer(instruction);
    std::optional<uint64_t> size = writtenSize(instruction, layout_);
    if (!size || *size == 0 || !volatileReason(*address, facts_).empty())
      return std::nullopt;
    return size;
  }

  void demandNone(Set &pending, const Instruction &at) {
    for (const auto &[store, range] : pending) {
      ++NumUnrecorded;
      error(*store, "this store is not recorded before the '" + Twine(at.getOpcodeName()) +
                        "' that ends what its hook may wait for: a defect of perdure, please "
                        "report it with this source");
    }
    pending.clear();
  }

  const Facts &facts_;
  const Coverage &coverage_;
  const DataLayout &layout_;
  DenseMap<const BasicBlock *, Set> at_begin_;
};

} // namespace

void checkPendingStores(const Function &function, const Facts &facts, const Coverage &coverage) {
  PendingStores(facts, coverage, function.getParent()->getDataLayout()).check(function);
}

} // namespace perdure
