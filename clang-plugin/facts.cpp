// SPDX-License-Identifier: Apache-2.0
//
// UnitFacts -> named metadata, as a module pass. See facts.h.
#include "facts.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Metadata.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"

using namespace llvm;

namespace perdure {
namespace {

void writeRows(Module &M, StringRef Name, const std::vector<Fact> &Rows) {
  if (Rows.empty())
    return;
  NamedMDNode *Node = M.getOrInsertNamedMetadata(Name);
  for (const Fact &Row : Rows) {
    SmallVector<Metadata *, 8> Operands;
    for (const std::string &Text : Row)
      Operands.push_back(MDString::get(M.getContext(), Text));
    Node->addOperand(MDNode::get(M.getContext(), Operands));
  }
}

// Clang lists annotated globals in llvm.global.annotations, which would keep each of them alive.
// Marks have done their work, so their entries go; the program's own annotations stay.
void dropMarks(Module &M) {
  GlobalVariable *List = M.getGlobalVariable("llvm.global.annotations");
  auto *Entries = List ? dyn_cast<ConstantArray>(List->getInitializer()) : nullptr;
  if (!Entries)
    return;
  SmallVector<Constant *, 8> Kept;
  for (Use &Operand : Entries->operands()) {
    auto *Entry = cast<Constant>(Operand);
    auto *Text = dyn_cast<GlobalVariable>(Entry->getOperand(1)->stripPointerCasts());
    auto *Data = Text && Text->hasInitializer()
                     ? dyn_cast<ConstantDataSequential>(Text->getInitializer())
                     : nullptr;
    if (!Data || !Data->isCString() || !Data->getAsCString().starts_with("perdure."))
      Kept.push_back(Entry);
  }
  if (Kept.size() == Entries->getNumOperands())
    return;
  if (!Kept.empty()) {
    ArrayType *Type = ArrayType::get(Kept[0]->getType(), Kept.size());
    auto *Replacement =
        new GlobalVariable(M, Type, false, List->getLinkage(), ConstantArray::get(Type, Kept));
    Replacement->setSection(List->getSection());
    Replacement->takeName(List);
  }
  List->eraseFromParent();
}

// The records as mergeable strings in a section that is not loaded.
void writeRecords(Module &M, StringRef Section, const std::vector<std::string> &Records) {
  if (Records.empty())
    return;
  std::string Assembly = (".pushsection " + Section + ",\"MS\",@progbits,1\n").str();
  for (const std::string &Record : Records) {
    Assembly += ".asciz \"";
    for (char C : Record) {
      if (isPrint(C) && C != '"' && C != '\\')
        Assembly += C;
      else // three octal digits
        for (int Shift : {9, 6, 3, 0})
          Assembly +=
              Shift == 9 ? '\\' : char('0' + ((static_cast<unsigned char>(C) >> Shift) & 7));
    }
    Assembly += "\"\n";
  }
  M.appendModuleInlineAsm(Assembly + ".popsection\n");
}

struct FactsWriter : PassInfoMixin<FactsWriter> {
  std::shared_ptr<const UnitFacts> Facts;

  explicit FactsWriter(std::shared_ptr<const UnitFacts> Facts) : Facts(std::move(Facts)) {}

  PreservedAnalyses run(Module &M, ModuleAnalysisManager &) {
    // Two copies of the plugin may be loaded; the first to come has said everything.
    if (M.getNamedMetadata("perdure.unit"))
      return PreservedAnalyses::all();
    std::vector<Fact> Functions = Facts->Functions;
    for (const std::string &Name : Facts->LibraryFunctions)
      if (Function *F = M.getFunction(Name); F && F->isDeclaration())
        Functions.push_back({Name, "library"});
    writeRows(M, "perdure.unit", Facts->Unit);
    writeRows(M, "perdure.function", Functions);
    writeRows(M, "perdure.global", Facts->Globals);
    writeRows(M, "perdure.type", Facts->Types);
    writeRecords(M, "perdure_port", Facts->PortRecords);
    writeRecords(M, "perdure_facts", Facts->ProposalRecords);
    dropMarks(M);
    return PreservedAnalyses::none();
  }
  static bool isRequired() { return true; }
};

} // namespace

void registerFactsWriter(PassBuilder &Builder, std::shared_ptr<const UnitFacts> Facts) {
  Builder.registerPipelineStartEPCallback([Facts](ModulePassManager &Passes, OptimizationLevel) {
    Passes.addPass(FactsWriter(Facts));
  });
}

} // namespace perdure
