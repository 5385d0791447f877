// SPDX-License-Identifier: Apache-2.0
//
// Classes as alias scopes, and by address; see surviving_classes.h.
#include "surviving_classes.h"
#include "changed_bits.h"
#include "runtime_abi.h"

#include <llvm/ADT/Statistic.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Metadata.h>
#include <llvm/IR/Operator.h>
#include <llvm/Support/CommandLine.h>

#define DEBUG_TYPE "perdure"
STATISTIC(NumClassified, "Stores with a class other than persistent");
STATISTIC(NumRestored, "Stores whose class was found again after optimization");

using namespace llvm;

namespace perdure {

namespace {

constexpr StringLiteral kDomain = "perdure.classes";
constexpr StringRef kRelaxed = "relaxed";
constexpr StringRef kTransient = "transient";
constexpr unsigned kDepthMax = 6; // of select and phi in an address

// One scope of each name a module, kept under a named node. (Inlining clones scopes; a clone keeps
// the name.)
MDNode *scopeOf(Module &module, StringRef name) {
  LLVMContext &context = module.getContext();
  NamedMDNode *scopes = module.getOrInsertNamedMetadata(kDomain);
  for (MDNode *scope : scopes->operands())
    if (cast<MDString>(scope->getOperand(2))->getString() == name)
      return scope;
  auto distinct = [&](SmallVector<Metadata *, 3> operands) {
    operands.insert(operands.begin(), nullptr);
    MDNode *node = MDNode::getDistinct(context, operands);
    node->replaceOperandWith(0, node);
    return node;
  };
  Metadata *domain = scopes->getNumOperands() > 0 ? scopes->getOperand(0)->getOperand(1).get()
                                                  : distinct({MDString::get(context, kDomain)});
  MDNode *scope = distinct({domain, MDString::get(context, name)});
  scopes->addOperand(scope);
  return scope;
}

bool isScope(const MDNode &scope, StringRef name) {
  if (scope.getNumOperands() < 3)
    return false;
  auto *text = dyn_cast_or_null<MDString>(scope.getOperand(2));
  auto *domain = dyn_cast_or_null<MDNode>(scope.getOperand(1));
  if (!text || text->getString() != name || !domain || domain->getNumOperands() < 2)
    return false;
  auto *domain_name = dyn_cast_or_null<MDString>(domain->getOperand(1));
  return domain_name && domain_name->getString() == kDomain;
}

StringRef classByScopes(const Instruction &instruction) {
  const MDNode *scopes = instruction.getMetadata(LLVMContext::MD_noalias);
  StringRef found;
  for (unsigned i = 0; scopes && i < scopes->getNumOperands(); i++) {
    auto *scope = dyn_cast_or_null<MDNode>(scopes->getOperand(i));
    if (scope && isScope(*scope, kTransient))
      return kTransient;
    if (scope && isScope(*scope, kRelaxed))
      found = kRelaxed;
  }
  return found;
}

// What is transient is relaxed, too: that is what a merge with something relaxed leaves.
void addScopes(Instruction &instruction, StringRef text) {
  Module &module = *instruction.getModule();
  SmallVector<Metadata *, 2> scopes{scopeOf(module, kRelaxed)};
  if (text == kTransient)
    scopes.push_back(scopeOf(module, kTransient));
  MDNode *added = MDNode::get(module.getContext(), scopes);
  MDNode *present = instruction.getMetadata(LLVMContext::MD_noalias);
  instruction.setMetadata(LLVMContext::MD_noalias, MDNode::concatenate(present, added));
}

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
  // Not to calls: what is inlined in their place would inherit it.
  if (mask.empty() && (!isa<CallBase>(instruction) || isa<AnyMemIntrinsic>(instruction)))
    addScopes(instruction, name);
  ++NumClassified;
}

void restoreClasses(Module &module, const Facts &facts) {
  const DataLayout &layout = module.getDataLayout();
  for (Function &function : module) {
    for (Instruction &instruction : instructions(function)) {
      const Value *pointer = writtenPointer(instruction);
      if (!pointer || instruction.hasMetadata(kClassMetadata))
        continue;
      StringRef text = classByScopes(instruction);
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
