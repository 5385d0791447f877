// SPDX-License-Identifier: Apache-2.0
//
// Collect, drop with a reason, instrument. Blocks are worked on from their end: each inline hook
// splits its block, and what is moved by the split is then only the part up to the previous hook.
#include "store_hooks.h"
#include "changed_bits.h"
#include "diagnostics.h"
#include "hook_reduction.h"
#include "provably_volatile.h"
#include "vector_hooks.h"

#include <llvm/ADT/Statistic.h>
#include <llvm/IR/Instructions.h>

#define DEBUG_TYPE "perdure"
STATISTIC(NumHooked, "Stores hooked");
STATISTIC(NumVolatile, "Stores not hooked: provably volatile");
STATISTIC(NumTransient, "Stores not hooked: transient");

using namespace llvm;

namespace perdure {

namespace {

// Beyond this many hooks the inline sequence costs more in code than the call does in time.
constexpr size_t kMaxInlineHooks = 5000;
constexpr uint64_t kVaListSize = 24; // bytes, x86-64

class StoreHooks {
public:
  StoreHooks(HookEmitter &emitter, CallHooks &calls, const TargetLibraryInfo &library,
             Coverage &coverage)
      : emitter_(emitter), calls_(calls), library_(library), coverage_(coverage),
        merged_(mergeHooks(emitter.function(), emitter.facts())) {}

  void instrument(Instruction &instruction) {
    if (Value *address = writtenPointer(instruction))
      return instrumentStore(instruction, *address);
    if (auto *argument = dyn_cast<VAArgInst>(&instruction))
      return hook(instruction, *argument->getPointerOperand(), kVaListSize);
    if (auto *intrinsic = dyn_cast<IntrinsicInst>(&instruction)) {
      if (instrumentIntrinsic(*intrinsic, emitter_))
        coverage_.covered.insert(intrinsic);
      return;
    }
    if (auto *call = dyn_cast<CallBase>(&instruction)) {
      calls_.instrument(*call, emitter_, library_);
      coverage_.covered.insert(call);
    }
  }

private:
  void instrumentStore(Instruction &instruction, Value &address) {
    StringRef reason = volatileReason(address, emitter_.facts());
    if (!reason.empty()) {
      ++NumVolatile;
      return remarkSkipped(instruction, "not hooked: provably volatile: " + reason);
    }
    unsigned space = address.getType()->getPointerAddressSpace();
    if (space != 0 && (space < 270 || space > 272)) // 270..272 are pointer widths, not memories
      return;                                       // coverage reports it
    coverage_.covered.insert(&instruction);
    if (classOf(instruction) == StoreClass::Transient) {
      ++NumTransient;
      coverage_.transient.insert(&instruction);
      return remarkSkipped(instruction, "not hooked: transient");
    }
    if (auto merged = merged_.find(&instruction); merged != merged_.end()) {
      if (!merged->second.address)
        return remarkHooked(instruction, "hooked with a store to the same object that always "
                                         "follows");
      return hook(instruction, *merged->second.address, merged->second.size,
                  merged->second.store_class);
    }
    auto size = writtenSize(instruction, instruction.getModule()->getDataLayout());
    if (size)
      return hook(instruction, address, *size);
    remarkHooked(instruction, "hooked a store of variable length");
    ++NumHooked;
    emitter_.record(hookPointAfter(instruction), &address,
                    cast<AnyMemIntrinsic>(instruction).getLength(), classOf(instruction));
  }

  void hook(Instruction &instruction, Value &address, uint64_t size) {
    hook(instruction, address, size, classOf(instruction));
  }

  void hook(Instruction &instruction, Value &address, uint64_t size, StoreClass store_class) {
    if (!volatileReason(address, emitter_.facts()).empty())
      return;
    coverage_.covered.insert(&instruction);
    ++NumHooked;
    remarkHooked(instruction, "hooked " + Twine(size) + "-byte store" +
                                  (store_class == StoreClass::Relaxed ? ", relaxed" : ""));
    HookPoint point = hookPointAfter(instruction);
    Value *target = &address;
    if (isa<AtomicCmpXchgInst>(instruction)) {
      HookBuilder builder(point); // a failed exchange wrote nothing
      target = builder.CreateSelect(builder.CreateExtractValue(&instruction, 1), target,
                                    Constant::getNullValue(target->getType()));
    }
    emitter_.record(point, target, size, store_class);
  }

  HookEmitter &emitter_;
  CallHooks &calls_;
  const TargetLibraryInfo &library_;
  Coverage &coverage_;
  const DenseMap<const Instruction *, MergedHook> merged_;
};

SmallVector<Instruction *, 32> collect(Function &function) {
  SmallVector<Instruction *, 32> writers;
  for (BasicBlock &block : function)
    for (Instruction &instruction : reverse(block))
      if (instruction.mayWriteToMemory() && !instruction.hasMetadata(kHookMetadata))
        writers.push_back(&instruction);
  return writers;
}

// Splitting the entry block must not strand a static alloca outside it.
void gatherAllocas(Function &function) {
  BasicBlock &entry = function.getEntryBlock();
  BasicBlock::iterator top = entry.getFirstNonPHIOrDbgOrAlloca();
  for (Instruction &instruction : make_early_inc_range(make_range(top, entry.end())))
    if (auto *slot = dyn_cast<AllocaInst>(&instruction);
        slot && isa<ConstantInt>(slot->getArraySize()))
      slot->moveBefore(entry, entry.begin());
}

} // namespace

void instrumentStores(Function &function, const Facts &facts, CallHooks &calls,
                      const TargetLibraryInfo &library, bool outline, Coverage &coverage) {
  gatherAllocas(function);
  SmallVector<Instruction *, 32> writers = collect(function);
  HookEmitter emitter(function, facts, outline || writers.size() > kMaxInlineHooks);
  StoreHooks hooks(emitter, calls, library, coverage);
  for (Instruction *writer : writers)
    hooks.instrument(*writer);
}

} // namespace perdure
