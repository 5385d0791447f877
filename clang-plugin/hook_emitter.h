// SPDX-License-Identifier: Apache-2.0
//
// Emits the hooks of <perdure/abi.h>: inline for short constant lengths, else a call of the
// runtime. Every emitted instruction carries !perdure.hook, so that hooks are not hooked in turn.
#pragma once

#include "field_classes.h"
#include "runtime_abi.h"

#include <llvm/IR/IRBuilder.h>

namespace perdure {

// Where hooks of the store or call AT go: right after it, with its debug location.
struct HookPoint {
  llvm::Instruction *before;
  llvm::DebugLoc location;
};

class HookBuilder : public llvm::IRBuilder<llvm::ConstantFolder, llvm::IRBuilderCallbackInserter> {
public:
  explicit HookBuilder(const HookPoint &point);
};

// The place after INSTRUCTION; for an invoke at its normal destination (the edge is split).
HookPoint hookPointAfter(llvm::Instruction &instruction);

class HookEmitter {
public:
  // OUTLINE: a call instead of the inline sequence (-O0, -Oz, very large functions).
  HookEmitter(llvm::Function &function, const Facts &facts, bool outline)
      : function_(function), facts_(facts), outline_(outline) {}

  // SIZE bytes at ADDRESS were written. The inline sequence splits the block at POINT.
  void record(const HookPoint &point, llvm::Value *address, uint64_t size, StoreClass store_class);
  // The same with a length only known at run time (64 bits).
  void record(const HookPoint &point, llvm::Value *address, llvm::Value *size,
              StoreClass store_class);
  // A runtime function with the address only (strings, whole objects).
  void call(const HookPoint &point, Hook hook, llvm::ArrayRef<llvm::Value *> arguments);

  llvm::Function &function() { return function_; }
  const Facts &facts() const { return facts_; }

private:
  void recordInline(const HookPoint &point, llvm::Value *address, uint64_t size,
                    StoreClass store_class);

  llvm::Function &function_;
  const Facts &facts_;
  bool outline_;
};

} // namespace perdure
