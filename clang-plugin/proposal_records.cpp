// SPDX-License-Identifier: Apache-2.0
//
// Declarations -> records. See proposal_records.h.
#include "proposal_records.h"

#include "marks.h"
#include "placement.h"
#include "proposal_types.h"

#include "clang/AST/ASTContext.h"
#include "clang/AST/RecursiveASTVisitor.h"
#include "clang/Basic/SourceManager.h"
#include "llvm/ADT/StringExtras.h"

using namespace clang;
using llvm::StringRef;

namespace perdure {
namespace {

class UnitWalk : public RecursiveASTVisitor<UnitWalk> {
public:
  explicit UnitWalk(ProposalRecords &Records) : Records(Records) {}

  bool shouldVisitTemplateInstantiations() const { return true; }

  bool VisitFunctionDecl(FunctionDecl *F) {
    if (F->isThisDeclarationADefinition() && !F->isTemplated())
      Records.addFunction(*F);
    return true;
  }
  bool VisitVarDecl(VarDecl *V) {
    if (V->hasGlobalStorage() && !V->isTemplated() &&
        V->isThisDeclarationADefinition() != VarDecl::DeclarationOnly)
      Records.addGlobal(*V);
    return true;
  }
  bool VisitRecordDecl(RecordDecl *Record) {
    if (Record->isThisDeclarationADefinition() && !Record->isTemplated())
      Records.addType(*Record);
    return true;
  }

private:
  ProposalRecords &Records;
};

// Functions whose addresses stand in an initializer.
class TakenWalk : public RecursiveASTVisitor<TakenWalk> {
public:
  TakenWalk(ProposalRecords &Records, std::string Global)
      : Records(Records), Global(std::move(Global)) {}

  bool VisitDeclRefExpr(DeclRefExpr *Name) {
    if (const auto *F = llvm::dyn_cast<FunctionDecl>(Name->getDecl()))
      Records.add({"takes", Global, Records.id(*F)});
    return true;
  }

private:
  ProposalRecords &Records;
  std::string Global;
};

StringRef returnKind(const FunctionDecl &F) {
  QualType Type = F.getReturnType();
  if (Type->isVoidType())
    return "void";
  if (Type->isVoidPointerType())
    return "memory";
  return Type->isIntegerType() ? "int" : "other";
}

} // namespace

std::vector<std::string> ProposalRecords::collect() {
  UnitWalk(*this).TraverseDecl(Context.getTranslationUnitDecl());
  return {Records.begin(), Records.end()};
}

void ProposalRecords::add(std::initializer_list<std::string> Fields) {
  Records.insert(llvm::join(Fields, "\t"));
}

bool ProposalRecords::isForeign(SourceLocation Loc) const {
  return Loc.isInvalid() || Context.getSourceManager().isInSystemHeader(Loc);
}

// A port file names the file only of what no header brings into several units.
std::string ProposalRecords::file(const NamedDecl &D) const {
  const SourceManager &SM = Context.getSourceManager();
  return SM.isInMainFile(SM.getExpansionLoc(D.getLocation())) ? MainFile : "";
}

std::string ProposalRecords::id(const NamedDecl &D) const {
  std::string Name = plainName(D), File = file(D);
  bool IsLocal = !isExternalFormalLinkage(D.getFormalLinkage()) || Name == "main";
  return IsLocal && !File.empty() ? File + ":" + Name : Name;
}

std::string ProposalRecords::line(SourceLocation Loc) const {
  return std::to_string(Context.getSourceManager().getExpansionLineNumber(Loc));
}

void ProposalRecords::addFunction(const FunctionDecl &F) {
  if (isForeign(F.getLocation()))
    return;
  add({"function", id(F), file(F), line(F.getLocation()), returnKind(F).str()});
  addBody(*this, F);
}

void ProposalRecords::addGlobal(const VarDecl &V) {
  if (isForeign(V.getLocation()))
    return;
  if (const Expr *Initializer = V.getInit())
    TakenWalk(*this, id(V)).TraverseStmt(const_cast<Expr *>(Initializer));
  if (V.getTLSKind() != VarDecl::TLS_None || V.getType()->isReferenceType())
    return;
  ProposalType Type = proposalType(Context, V.getType(), V.getName());
  bool MayBeRoot = rootProblem(V).empty() && rootInitializerProblem(V).empty();
  add({"global", id(V), file(V), line(V.getLocation()),
       V.getType().getUnqualifiedType().getAsString(Context.getPrintingPolicy()), Type.Kind,
       llvm::join(Type.Records, ","),
       V.getType().isConstant(Context) ? "const"
       : MayBeRoot                     ? "root"
                                       : "other"});
}

void ProposalRecords::addType(const RecordDecl &Record) {
  if (isForeign(Record.getLocation()))
    return;
  std::string Name = recordName(Record);
  add({"type", Name});
  for (const FieldDecl *Field : Record.fields()) {
    ProposalType Type = proposalType(Context, Field->getType(), Field->getName());
    // A port file has no name for what lies in an unnamed member.
    bool HasName = !StringRef(Name).starts_with("unnamed:") && !Field->getName().empty() &&
                   fieldProblem(*Field).empty();
    add({"field", Name, Field->getNameAsString(), Type.Kind, llvm::join(Type.Records, ","),
         HasName ? "named" : "unnamed"});
  }
}

} // namespace perdure
