// SPDX-License-Identifier: Apache-2.0
//
// Classes as types of accesses, and by address; see surviving_classes.h.
#include "surviving_classes.h"
#include "changed_bits.h"
#include "runtime_abi.h"

#include <llvm/ADT/Statistic.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/IR/Operator.h>
#include <llvm/Support/CommandLine.h>

#define DEBUG_TYPE "perdure"
STATISTIC(NumClassified, "Stores with a class other than persistent");
STATISTIC(NumRestored, "Stores whose class was found again after optimization");

using namespace llvm;

namespace perdure {

namespace {

constexpr StringLiteral kTree = "perdure classes";
constexpr StringRef kRelaxed = "relaxed";
constexpr StringRef kTransient = "transient";
constexpr unsigned kDepthMax = 6; // of select and phi in an address

MDNode *tag(LLVMContext &context, StringRef text) {
  MDBuilder builder(context);
  MDNode *type = builder.createTBAAScalarTypeNode(kRelaxed, builder.createTBAARoot(kTree));
  // What is transient is relaxed, too: that is what a merge with something relaxed leaves.
  if (text == kTransient)
    type = builder.createTBAAScalarTypeNode(kTransient, type);
  return builder.createTBAAStructTagNode(type, type, 0);
}

struct Tags {
  const MDNode *relaxed, *transient;

  explicit Tags(LLVMContext &context)
      : relaxed(tag(context, kRelaxed)), transient(tag(context, kTransient)) {}

  StringRef classOf(const Instruction &instruction) const {
    const MDNode *present = instruction.getMetadata(LLVMContext::MD_tbaa);
    return present == relaxed ? kRelaxed : present == transient ? kTransient : StringRef();
  }
};

bool contains(const std::vector<Span> &spans, Span span) {
  return any_of(spans, [&](const Span &one) {
    return span.offset >= one.offset && span.offset + span.size <= one.offset + one.size;
  });
}

// The class of SIZE bytes at POINTER, if that leads to known places of globals only.
StringRef classByAddress(const Value &pointer, uint64_t size, const Facts &facts,
                         const DataLayout &layout, unsigned depth = 0) {
  APInt offset(layout.getIndexTypeSizeInBits(pointer.getType()), 0);
  const Value *base = pointer.stripAndAccumulateConstantOffsets(layout, offset, true);
  auto join = [&](auto &&values) {
    StringRef found = kTransient;
    for (const Value *value : values) {
      StringRef text = classByAddress(*value, size, facts, layout, depth + 1);
      if (text.empty())
        return text;
      found = text == kRelaxed ? text : found;
    }
    return found;
  };
  if (offset == 0 && depth < kDepthMax) {
    if (auto *select = dyn_cast<SelectInst>(base))
      return join(std::array{select->getTrueValue(), select->getFalseValue()});
    if (auto *phi = dyn_cast<PHINode>(base))
      return join(phi->incoming_values());
  }
  const GlobalFacts *global = facts.persistentGlobal(base);
  return global && !offset.isNegative() ? spanClass(*global, {offset.getZExtValue(), size})
                                        : StringRef();
}

} // namespace

StringRef spanClass(const GlobalFacts &global, Span span) {
  if (contains(global.volatile_spans, span))
    return kTransient;
  return contains(global.relaxed_spans, span) ? kRelaxed : StringRef();
}

void setClass(Instruction &instruction, StringRef text) {
  LLVMContext &context = instruction.getContext();
  auto [name, mask] = text.split(':');
  SmallVector<Metadata *, 2> operands{MDString::get(context, name)};
  if (!mask.empty())
    operands.push_back(MDString::get(context, mask));
  instruction.setMetadata(kClassMetadata, MDNode::get(context, operands));
  // A type is a fact about accesses, which calls of functions are not.
  if (mask.empty() && (!isa<CallBase>(instruction) || isa<AnyMemIntrinsic>(instruction)))
    instruction.setMetadata(LLVMContext::MD_tbaa, tag(context, name));
  ++NumClassified;
}

void restoreClasses(Module &module, const Facts &facts) {
  const DataLayout &layout = module.getDataLayout();
  const Tags tags(module.getContext());
  for (Function &function : module) {
    for (Instruction &instruction : instructions(function)) {
      const Value *pointer = writtenPointer(instruction);
      if (!pointer || instruction.hasMetadata(kClassMetadata))
        continue;
      StringRef text = tags.classOf(instruction);
      if (auto size = writtenSize(instruction, layout); text.empty() && size)
        text = classByAddress(*pointer, *size, facts, layout);
      if (text.empty())
        continue;
      setClass(instruction, text);
      ++NumRestored;
    }
  }
}

void forbidMergesOfConstants() {
  auto &options = cl::getRegisteredOptions();
  if (auto found = options.find("enable-dse-partial-store-merging"); found != options.end())
    static_cast<cl::opt<bool> *>(found->second)->setValue(false);
}

} // namespace perdure
