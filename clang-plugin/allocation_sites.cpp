// SPDX-License-Identifier: Apache-2.0
//
// Replaces callees of allocation calls. See allocation_sites.h.
#include "allocation_sites.h"

#include "clang_versions.h"
#include "marks.h"

#include "clang/AST/ASTContext.h"
#include "clang/AST/Attr.h"
#include "clang/AST/RecursiveASTVisitor.h"
#include "llvm/ADT/StringSwitch.h"

using namespace clang;
using llvm::StringRef;

namespace perdure {
namespace {

class SiteWalk : public RecursiveASTVisitor<SiteWalk> {
public:
  explicit SiteWalk(AllocationSites &Sites) : Sites(Sites) {}

  bool TraverseDecl(Decl *D) {
    if (!D || hasMark(*D, mark::VolatileHeap))
      return true;
    return RecursiveASTVisitor::TraverseDecl(D);
  }
  bool VisitCXXNewExpr(CXXNewExpr *New) {
    Sites.visitNew(*New);
    return true;
  }
  bool VisitCallExpr(CallExpr *Call) {
    Sites.visitCall(*Call);
    return true;
  }
  bool VisitBinaryOperator(BinaryOperator *Binary) {
    if (Binary->getOpcode() == BO_Assign)
      Sites.visitAssignment(*Binary->getLHS(), *Binary->getRHS());
    return true;
  }
  bool VisitCastExpr(CastExpr *Cast) {
    Sites.visitConversion(*Cast->getSubExpr(), Cast->getType());
    return true;
  }

private:
  AllocationSites &Sites;
};

bool isPersistent(const ASTContext &Context, QualType Type) {
  const RecordDecl *Record = Context.getBaseElementType(Type)->getAsRecordDecl();
  return Record && hasMark(*Record, mark::Persistent);
}

bool pointsToPersistent(const ASTContext &Context, QualType Type) {
  return !Type.isNull() && !Type->isDependentType() && Type->isPointerType() &&
         isPersistent(Context, Type->getPointeeType());
}

// A field of a persistent type that is recorded, or (part of) a persistent global.
bool isPersistentPlace(const Expr &E) {
  const Expr *Place = E.IgnoreParenImpCasts();
  if (const auto *Element = llvm::dyn_cast<ArraySubscriptExpr>(Place)) {
    const Expr *Array = Element->getBase()->IgnoreParenImpCasts();
    return Array->getType()->isArrayType() && isPersistentPlace(*Array);
  }
  if (const auto *Name = llvm::dyn_cast<DeclRefExpr>(Place))
    return (hasMark(*Name->getDecl(), mark::Persistent) ||
            hasMark(*Name->getDecl(), mark::Relaxed)) &&
           !hasMark(*Name->getDecl(), mark::Transient);
  const auto *Member = llvm::dyn_cast<MemberExpr>(Place);
  const auto *Field = Member ? llvm::dyn_cast<FieldDecl>(Member->getMemberDecl()) : nullptr;
  if (!Field || !isRecordedField(*Field))
    return false;
  return hasMark(*Field->getParent(), mark::Persistent) ||
         (!Member->isArrow() && isPersistentPlace(*Member->getBase()));
}

// The pool's function for a libc function; empty if it doesn't allocate.
StringRef poolNameOfC(StringRef Name) {
  Name.consume_front("__builtin_");
  return llvm::StringSwitch<StringRef>(Name)
      .Case("malloc", "perdure_malloc")
      .Case("calloc", "perdure_calloc")
      .Case("realloc", "perdure_realloc")
      .Case("reallocarray", "perdure_reallocarray")
      .Cases("aligned_alloc", "memalign", "perdure_aligned_alloc")
      .Case("posix_memalign", "perdure_posix_memalign")
      .Case("valloc", "perdure_valloc")
      .Case("strdup", "perdure_strdup")
      .Case("strndup", "perdure_strndup")
      .Default("");
}

// The same for a replaceable operator new.
std::string poolNameOfNew(const FunctionDecl &F) {
  bool Aligned = false, Nothrow = false;
  for (unsigned I = 1; I < F.getNumParams(); ++I)
    (F.getParamDecl(I)->getType()->isReferenceType() ? Nothrow : Aligned) = true;
  return std::string("perdure_new") + (Aligned ? "_aligned" : "") + (Nothrow ? "_nothrow" : "");
}

bool isOperatorNew(const FunctionDecl &F) {
  OverloadedOperatorKind Operator = F.getOverloadedOperator();
  return (Operator == OO_New || Operator == OO_Array_New) &&
         F.isReplaceableGlobalAllocationFunction();
}

} // namespace

void AllocationSites::visitAll(Decl &D) { SiteWalk(*this).TraverseDecl(&D); }

DeclContext *AllocationSites::externC() {
  if (ExternC)
    return ExternC;
  TranslationUnitDecl *Unit = Context.getTranslationUnitDecl();
  ExternC = Unit;
  if (Context.getLangOpts().CPlusPlus)
    ExternC = LinkageSpecDecl::Create(Context, Unit, SourceLocation(), SourceLocation(), LanguageC,
                                      false);
  return ExternC;
}

FunctionDecl *AllocationSites::poolFunction(FunctionDecl &Original, const std::string &Name) {
  FunctionDecl *&Pool = PoolFunctions[Name];
  if (Pool)
    return Pool;
  // Same type, so that the call around it stays valid. A new-expression's callee must also stay an
  // `operator new`: only its symbol changes.
  bool IsOperator = isOperatorNew(Original);
  DeclarationName Declared =
      IsOperator ? Original.getDeclName() : DeclarationName(&Context.Idents.get(Name));
  DeclContext *Scope = IsOperator ? Context.getTranslationUnitDecl() : externC();
  Pool = FunctionDecl::Create(Context, Scope, SourceLocation(), SourceLocation(), Declared,
                              Original.getType(), nullptr, SC_Extern);
  llvm::SmallVector<ParmVarDecl *, 4> Parameters;
  for (const ParmVarDecl *Parameter : Original.parameters())
    Parameters.push_back(ParmVarDecl::Create(Context, Pool, SourceLocation(), SourceLocation(),
                                             nullptr, Parameter->getType(), nullptr, SC_None,
                                             nullptr));
  Pool->setParams(Parameters);
  Pool->setImplicit();
  if (IsOperator)
    Pool->addAttr(AsmLabelAttr::CreateImplicit(Context, Name, /*IsLiteralLabel=*/true));
  return Pool;
}

void AllocationSites::retarget(CallExpr &Call) {
  FunctionDecl *Callee = Call.getDirectCallee();
  if (!Callee)
    return;
  std::string Name;
  if (isOperatorNew(*Callee))
    Name = poolNameOfNew(*Callee);
  else if (Callee->getIdentifier() && Callee->isExternC())
    Name = poolNameOfC(Callee->getName()).str();
  auto *Reference = llvm::dyn_cast<DeclRefExpr>(Call.getCallee()->IgnoreParenImpCasts());
  if (Name.empty() || !Reference)
    return;
  FunctionDecl *Pool = poolFunction(*Callee, Name);
  if (Callee != Pool)
    Reference->setDecl(Pool);
}

void AllocationSites::visitNew(CXXNewExpr &New) {
  FunctionDecl *Operator = New.getOperatorNew();
  if (!Operator || New.isTypeDependent() || !isOperatorNew(*Operator) ||
      !isPersistent(Context, New.getAllocatedType()))
    return;
  New.setOperatorNew(poolFunction(*Operator, poolNameOfNew(*Operator)));
}

void AllocationSites::visitCall(CallExpr &Call) {
  // posix_memalign hands its block over through a pointer to the pointer.
  const FunctionDecl *Callee = Call.getDirectCallee();
  if (!Callee || !Callee->getIdentifier() || Callee->getName() != "posix_memalign" ||
      Call.getNumArgs() != 3)
    return;
  QualType Target = Call.getArg(0)->IgnoreParenCasts()->getType();
  if (Target->isPointerType() && pointsToPersistent(Context, Target->getPointeeType()))
    retarget(Call);
}

void AllocationSites::visitConversion(Expr &Converted, QualType Target) {
  if (!pointsToPersistent(Context, Target))
    return;
  Expr *E = Converted.IgnoreParenImpCasts();
  if (auto *Call = llvm::dyn_cast<CallExpr>(E))
    return retarget(*Call);
  if (auto *Choice = llvm::dyn_cast<ConditionalOperator>(E)) {
    visitConversion(*Choice->getTrueExpr(), Target);
    visitConversion(*Choice->getFalseExpr(), Target);
  }
  if (auto *Binary = llvm::dyn_cast<BinaryOperator>(E);
      Binary && (Binary->getOpcode() == BO_Comma || Binary->isAssignmentOp()))
    visitConversion(*Binary->getRHS(), Target);
}

void AllocationSites::visitAssignment(Expr &Place, Expr &Value) {
  if (!Place.isTypeDependent() && Place.getType()->isPointerType() && isPersistentPlace(Place))
    retargetValue(Value);
}

void AllocationSites::retargetValue(Expr &Value) {
  Expr *E = Value.IgnoreParenCasts();
  if (auto *Call = llvm::dyn_cast<CallExpr>(E))
    return retarget(*Call);
  if (auto *New = llvm::dyn_cast<CXXNewExpr>(E)) {
    FunctionDecl *Operator = New->getOperatorNew();
    if (Operator && isOperatorNew(*Operator))
      New->setOperatorNew(poolFunction(*Operator, poolNameOfNew(*Operator)));
    return;
  }
  if (auto *Choice = llvm::dyn_cast<ConditionalOperator>(E)) {
    retargetValue(*Choice->getTrueExpr());
    retargetValue(*Choice->getFalseExpr());
  }
  if (auto *Binary = llvm::dyn_cast<BinaryOperator>(E);
      Binary && (Binary->getOpcode() == BO_Comma || Binary->isAssignmentOp()))
    retargetValue(*Binary->getRHS());
}

} // namespace perdure
