// SPDX-License-Identifier: Apache-2.0
//
// Works from the function's end: each store joins a group of later stores to its object if every
// way from it leads to the group's last one, past nothing but harmless instructions and round no
// loop, or begins a group of its own.
#include "hook_reduction.h"
#include "changed_bits.h"
#include "provably_volatile.h"
#include "runtime_abi.h"

#include <llvm/ADT/PostOrderIterator.h>
#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/ADT/Statistic.h>
#include <llvm/Analysis/Loads.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>

#define DEBUG_TYPE "perdure"
STATISTIC(NumMerged, "Hooks merged into a later store's");

using namespace llvm;

namespace perdure {

namespace {

constexpr int64_t kMaxGap = 32;    // bytes between two stores of a group
constexpr int64_t kMaxSpan = 256;  // bytes of a group
constexpr unsigned kMaxScan = 256; // instructions between two stores, against quadratic work
constexpr size_t kMaxGroups = 4;   // of one object, the nearest, that a store may join

struct Write {
  Instruction *at;
  Value *address;
  const Value *base;
  int64_t begin, end; // offsets from base
  StoreClass store_class;
};

struct Group {
  Instruction *last; // the hook stands after it
  Value *lowest;     // address of the first byte
  int64_t begin, end;
  StoreClass store_class;
  SmallVector<Instruction *, 4> earlier;
};

// It tells nobody anything, and if it cannot fault no signal handler jumps away from it.
bool isSafeVolatileLoad(const Instruction &instruction) {
  auto *load = dyn_cast<LoadInst>(&instruction);
  return load && !load->isAtomic() &&
         isDereferenceablePointer(load->getPointerOperand(), load->getType(),
                                  load->getModule()->getDataLayout());
}

// Nothing that happens here can end a unit, publish anything, or keep the next instruction from
// being reached. A plain store does not publish: without a barrier after it nobody may rely on it.
bool isHarmless(const Instruction &instruction) {
  if (isSafeVolatileLoad(instruction))
    return true;
  if (instruction.isVolatile() || instruction.isAtomic())
    return false;
  if (auto *call = dyn_cast<CallBase>(&instruction)) {
    auto *intrinsic = dyn_cast<IntrinsicInst>(call);
    return intrinsic && (isa<MemIntrinsic>(intrinsic) || intrinsic->isAssumeLikeIntrinsic() ||
                         !intrinsic->mayHaveSideEffects());
  }
  return isa<StoreInst>(instruction) || !instruction.mayWriteToMemory();
}

class HookMerger {
public:
  HookMerger(Function &function, const Facts &facts)
      : facts_(facts), dominators_(function), loops_(dominators_) {
    for (BasicBlock *block : post_order(&function))
      blocks_.push_back(block);
    for (unsigned i = 0; i < blocks_.size(); i++)
      number_[blocks_[i]] = i;
  }

  void run() {
    for (BasicBlock *block : blocks_)
      for (Instruction &instruction : reverse(*block))
        if (std::optional<Write> write = writeOf(instruction))
          place(*write);
    for (auto &[base, groups] : groups_)
      placeSinglesAgain(base, groups);
  }

  DenseMap<const Instruction *, MergedHook> result() const {
    DenseMap<const Instruction *, MergedHook> merged;
    for (const auto &[base, groups] : groups_) {
      for (const Group &group : groups) {
        if (group.earlier.empty())
          continue;
        merged[group.last] = {group.lowest, static_cast<uint64_t>(group.end - group.begin),
                              group.store_class};
        for (const Instruction *store : group.earlier)
          merged[store] = {};
        NumMerged += group.earlier.size();
      }
    }
    return merged;
  }

private:
  std::optional<Write> writeOf(Instruction &instruction) const {
    if ((!isa<StoreInst>(instruction) && !isa<MemIntrinsic>(instruction)) ||
        !isHarmless(instruction))
      return std::nullopt;
    const DataLayout &layout = instruction.getModule()->getDataLayout();
    Value *address = writtenPointer(instruction);
    std::optional<uint64_t> size = writtenSize(instruction, layout);
    if (address->getType()->getPointerAddressSpace() != 0 || !size || *size == 0 ||
        *size > kMaxSpan || !volatileReason(*address, facts_).empty())
      return std::nullopt;
    StoreClass store_class = classOf(instruction);
    if (store_class == StoreClass::Transient)
      return std::nullopt;
    int64_t offset = 0;
    const Value *base = GetPointerBaseWithConstantOffset(address, offset, layout);
    return Write{&instruction, address, base, offset, offset + static_cast<int64_t>(*size),
                 store_class};
  }

  void place(const Write &write) {
    SmallVector<Group, 2> &groups = groups_[write.base];
    if (!joinNearest(write, groups))
      groups.push_back({write.at, write.address, write.begin, write.end, write.store_class, {}});
  }

  // Single stores again: the groups after them have grown since, and may cover their bytes now.
  void placeSinglesAgain(const Value *base, MutableArrayRef<Group> groups) const {
    for (size_t i = 0; i < groups.size(); i++) {
      Group &single = groups[i];
      Write write{single.last, single.lowest, base, single.begin, single.end, single.store_class};
      if (single.earlier.empty() && joinNearest(write, groups.take_front(i)))
        single.last = nullptr;
    }
  }

  bool joinNearest(const Write &write, MutableArrayRef<Group> groups) const {
    return any_of(reverse(groups.take_back(std::min(kMaxGroups, groups.size()))),
                  [&](Group &group) { return group.last && join(write, group); });
  }

  bool join(const Write &write, Group &group) const {
    if (loops_.getLoopFor(write.at->getParent()) != loops_.getLoopFor(group.last->getParent()))
      return false;
    // The hook also serves ways that do not pass the store: there its object may be shorter, and
    // nothing persistent may have been written.
    if (dominators_.dominates(write.at, group.last) ? !isNear(write, group)
                                                    : !isWithin(write, group))
      return false;
    if (coversTransient(*write.base, std::min(write.begin, group.begin),
                        std::max(write.end, group.end)) ||
        !alwaysLeadsTo(*write.at, *group.last))
      return false;
    if (write.begin < group.begin) {
      group.begin = write.begin;
      group.lowest = write.address;
    }
    group.end = std::max(group.end, write.end);
    if (write.store_class == StoreClass::Persistent)
      group.store_class = StoreClass::Persistent;
    group.earlier.push_back(write.at);
    return true;
  }

  static bool isNear(const Write &write, const Group &group) {
    return write.begin <= group.end + kMaxGap && write.end >= group.begin - kMaxGap &&
           std::max(write.end, group.end) - std::min(write.begin, group.begin) <= kMaxSpan;
  }

  static bool isWithin(const Write &write, const Group &group) {
    return write.begin >= group.begin && write.end <= group.end &&
           (write.store_class == group.store_class || write.store_class == StoreClass::Relaxed);
  }

  // The unnamed fields of a global that persists in part have their initial values in every run.
  bool coversTransient(const Value &base, int64_t begin, int64_t end) const {
    const GlobalFacts *global = facts_.persistentGlobal(&base);
    return global && any_of(global->volatile_spans, [&](const Span &span) {
             auto first = static_cast<int64_t>(span.offset), size = static_cast<int64_t>(span.size);
             return begin < first + size && end > first;
           });
  }

  // Ways only lead to blocks of lower number, so each is finite, and what was computed before
  // STORE, its address too, is not computed anew.
  bool alwaysLeadsTo(const Instruction &store, const Instruction &last) const {
    unsigned budget = kMaxScan;
    SmallPtrSet<const BasicBlock *, 8> seen;
    SmallVector<const Instruction *, 8> open{store.getNextNode()};
    while (!open.empty()) {
      const Instruction *at = open.pop_back_val();
      const BasicBlock *block = at->getParent();
      for (; at && at != &last; at = at->getNextNode())
        if (budget-- == 0 || !isHarmless(*at))
          return false;
      if (at)
        continue;
      if (succ_empty(block))
        return false;
      for (const BasicBlock *next : successors(block)) {
        if (number_.lookup(next) >= number_.lookup(block))
          return false;
        if (seen.insert(next).second)
          open.push_back(&next->front());
      }
    }
    return true;
  }

  const Facts &facts_;
  SmallVector<BasicBlock *, 16> blocks_; // in post-order
  DominatorTree dominators_;
  LoopInfo loops_;
  DenseMap<const BasicBlock *, unsigned> number_; // in post-order: only loops lead to higher ones
  DenseMap<const Value *, SmallVector<Group, 2>> groups_;
};

} // namespace

DenseMap<const Instruction *, MergedHook> mergeHooks(Function &function, const Facts &facts) {
  HookMerger merger(function, facts);
  merger.run();
  return merger.result();
}

} // namespace perdure
