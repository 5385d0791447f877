// SPDX-License-Identifier: Apache-2.0
//
// What function bodies do, as records. See proposal_records.h.
#include "proposal_records.h"

#include "libc_models.h"
#include "proposal_types.h"
#include "stored_places.h"

#include "clang/AST/ASTContext.h"
#include "clang/AST/RecursiveASTVisitor.h"
#include "clang/Basic/SourceManager.h"
#include "llvm/ADT/StringSwitch.h"

using namespace clang;
using llvm::StringRef;

namespace perdure {
namespace {

// Library functions that fill what their first argument points to.
bool fillsFirstArgument(StringRef Name) {
  Name.consume_front("__builtin_");
  Name.consume_front("__");
  Name.consume_back("_chk");
  return Name.starts_with("sync_") || llvm::StringSwitch<bool>(Name)
                                          .Cases("memset", "memcpy", "memmove", "bzero", true)
                                          .Cases("strcpy", "strncpy", "strcat", "strncat", true)
                                          .Cases("snprintf", "sprintf", "time", "getrandom", true)
                                          .Default(false);
}

bool readsClock(StringRef Name) {
  return llvm::StringSwitch<bool>(Name)
      .Cases("time", "gettimeofday", "clock_gettime", "mktime", true)
      .Default(false);
}

// By its form: void *f(void *), handed to pthread_create or something that calls it.
bool isThreadMain(const FunctionDecl &F) {
  return F.getReturnType()->isVoidPointerType() && F.getNumParams() == 1 &&
         F.getParamDecl(0)->getType()->isVoidPointerType();
}

class BodyWalk : public RecursiveASTVisitor<BodyWalk> {
public:
  BodyWalk(ProposalRecords &Records, const FunctionDecl &F)
      : Records(Records), Context(F.getASTContext()), Own(Records.id(F)) {}

  bool shouldVisitTemplateInstantiations() const { return true; }

  bool TraverseWhileStmt(WhileStmt *S) {
    return inLoop(*S, [&] { return RecursiveASTVisitor::TraverseWhileStmt(S); });
  }
  bool TraverseDoStmt(DoStmt *S) {
    return inLoop(*S, [&] { return RecursiveASTVisitor::TraverseDoStmt(S); });
  }
  bool TraverseForStmt(ForStmt *S) {
    return inLoop(*S, [&] { return RecursiveASTVisitor::TraverseForStmt(S); });
  }

  bool TraverseCXXForRangeStmt(CXXForRangeStmt *S) {
    return inLoop(*S, [&] { return RecursiveASTVisitor::TraverseCXXForRangeStmt(S); });
  }

  bool VisitBinaryOperator(BinaryOperator *B) {
    if (!B->isAssignmentOp())
      return true;
    if (B->getOpcode() != BO_Assign)
      addStore(*B->getLHS(), "count", B->getExprLoc());
    else if (!addAllocation(*B->getRHS(), B->getLHS()->getType(), B->getLHS()))
      addStore(*B->getLHS(), valueKind(*B->getRHS()), B->getExprLoc());
    else
      addStore(*B->getLHS(), "alloc", B->getExprLoc());
    return true;
  }
  bool VisitUnaryOperator(UnaryOperator *U) {
    if (U->isIncrementDecrementOp())
      addStore(*U->getSubExpr(), "count", U->getExprLoc());
    else if (U->getOpcode() == UO_AddrOf && !U->getSubExpr()->getType().isConstQualified())
      addAlias(*U->getSubExpr(), U->getExprLoc());
    return true;
  }
  bool VisitVarDecl(VarDecl *V) {
    if (const Expr *Value = V->getInit(); Value && !V->hasGlobalStorage())
      addAllocation(*Value, V->getType(), nullptr);
    return true;
  }
  bool VisitReturnStmt(ReturnStmt *S) {
    if (const Expr *Value = S->getRetValue())
      addAllocation(*Value, Value->getType(), nullptr);
    return true;
  }
  bool VisitAtomicExpr(AtomicExpr *A) {
    if (A->getOp() != AtomicExpr::AO__c11_atomic_load &&
        A->getOp() != AtomicExpr::AO__atomic_load && A->getOp() != AtomicExpr::AO__atomic_load_n)
      addStore(*A->getPtr(), "count", A->getExprLoc());
    return true;
  }
  bool VisitCallExpr(CallExpr *Call) {
    const Expr *Callee = Call->getCallee()->IgnoreParenImpCasts();
    Callees.insert(Callee);
    const FunctionDecl *F = Call->getDirectCallee();
    if (!F) {
      if (StoredPlace Table = storedPlace(*Callee); Table.isField())
        Records.add({"dispatches", Own, recordName(*Table.Record)});
      return true;
    }
    std::string Name = Records.id(*F);
    Records.add({"calls", Own, Name, Records.line(Call->getExprLoc()), Loop});
    for (const Expr *Argument : Call->arguments())
      addArgument(Name, *Argument);
    addLibraryCall(*F);
    if (F->getIdentifier() && fillsFirstArgument(F->getName()) && Call->getNumArgs() > 0)
      addStore(*Call->getArg(0), F->getName() == "time" ? "clock" : "fill", Call->getExprLoc());
    if (F->getIdentifier() && readsClock(F->getName()) && Call->getNumArgs() > 0)
      addStore(*Call->getArg(Call->getNumArgs() - 1), "clock", Call->getExprLoc());
    if (Name == "posix_memalign" && Call->getNumArgs() == 3)
      addMade(Name, Call->getArg(0)->IgnoreParenCasts()->getType()->getPointeeType(),
              Call->getArg(0));
    if (const auto *Member = llvm::dyn_cast<CXXMethodDecl>(F); Member && !Member->isConst())
      addChangedObject(*Call, *Member);
    return true;
  }
  bool VisitCXXNewExpr(CXXNewExpr *New) {
    addMade("operator new", Context.getPointerType(New->getAllocatedType()), nullptr);
    return true;
  }
  // std::lock_guard and its kin.
  bool VisitCXXConstructExpr(CXXConstructExpr *Construct) {
    const CXXConstructorDecl *C = Construct->getConstructor();
    if (!C->getParent()->getName().contains("lock")) {
      Records.add({"calls", Own, Records.id(*C), Records.line(Construct->getExprLoc()), Loop});
      return true;
    }
    for (const Expr *Argument : Construct->arguments())
      addArgument(C->getParent()->getName().str(), *Argument);
    return true;
  }
  bool VisitDeclRefExpr(DeclRefExpr *Name) {
    if (const auto *F = llvm::dyn_cast<FunctionDecl>(Name->getDecl()); F && !Callees.count(Name))
      Records.add({"takes", Own, Records.id(*F)});
    return true;
  }

private:
  template <typename Traverse> bool inLoop(const Stmt &S, Traverse Inner) {
    bool Outermost = Loop == "0";
    if (Outermost)
      Loop = Records.line(S.getBeginLoc());
    bool Result = Inner();
    if (Outermost)
      Loop = "0";
    return Result;
  }

  // constant, clock, from=GLOBAL, or value.
  std::string valueKind(const Expr &Value) {
    const Expr &E = *Value.IgnoreParenCasts();
    if (!E.isValueDependent() && E.isEvaluatable(Context))
      return "constant";
    if (const auto *Call = llvm::dyn_cast<CallExpr>(&E))
      if (const FunctionDecl *F = Call->getDirectCallee(); F && F->getIdentifier())
        return readsClock(F->getName()) ? "clock" : "value";
    if (const auto *Sum = llvm::dyn_cast<BinaryOperator>(&E)) {
      std::string Left = valueKind(*Sum->getLHS()), Right = valueKind(*Sum->getRHS());
      if (Left == "clock" || Right == "clock")
        return "clock";
    }
    if (const auto *Choice = llvm::dyn_cast<ConditionalOperator>(&E))
      return valueKind(*Choice->getFalseExpr());
    if (StoredPlace Place = storedPlace(E); Place.isGlobal() && !Place.Field)
      return "from=" + Records.id(*Place.Global);
    return "value";
  }

  void addStore(const Expr &Target, const std::string &How, SourceLocation Loc) {
    StoredPlace Place = storedPlace(Target);
    if (Place.isGlobal())
      Records.add({"writes", Own, Records.id(*Place.Global),
                   Place.Field ? Place.Field->getNameAsString() : "", How, Records.line(Loc)});
    else if (Place.isField())
      Records.add({"stores", Own, recordName(*Place.Record), Place.Field->getNameAsString(), How});
  }

  // A library's function that may write through an argument: own if those are objects of its own.
  void addLibraryCall(const FunctionDecl &F) {
    const SourceManager &SM = Context.getSourceManager();
    if (!F.getIdentifier() || !F.isExternC() || F.getBuiltinID() != 0 ||
        !SM.isInSystemHeader(F.getLocation()) || !modelOf(F.getName()).empty())
      return;
    bool Writes = false, IsOwn = true;
    for (const ParmVarDecl *Parameter : F.parameters()) {
      QualType Below = Parameter->getType()->getPointeeType();
      if (Below.isNull() || Below.isConstQualified() || Below->isFunctionType())
        continue;
      const RecordDecl *Record = Below->getAsRecordDecl();
      Writes = true;
      IsOwn &= Record && SM.isInSystemHeader(Record->getLocation());
    }
    if (Writes)
      Records.add({"library", Own, F.getName().str(), IsOwn ? "own" : "any"});
  }

  // A pointer to a global through which it may be written.
  void addAlias(const Expr &Target, SourceLocation Loc) {
    StoredPlace Place = storedPlace(Target);
    bool IsWhole = !Place.Field && Target.getType()->isRecordType();
    if (Place.isGlobal() && !IsWhole && !isLock(Context, Target.getType()))
      addStore(Target, "alias", Loc);
  }

  // Whether VALUE is a call that returns untyped memory, which becomes a pointer of type TYPE.
  bool addAllocation(const Expr &Value, QualType Type, const Expr *Target) {
    const Expr *E = Value.IgnoreParenCasts();
    if (const auto *Assignment = llvm::dyn_cast<BinaryOperator>(E);
        Assignment && Assignment->isAssignmentOp())
      E = Assignment->getRHS()->IgnoreParenCasts();
    const auto *Call = llvm::dyn_cast<CallExpr>(E);
    const FunctionDecl *F = Call ? Call->getDirectCallee() : nullptr;
    if (!F || (!F->getReturnType()->isVoidPointerType() && Records.id(*F) != "strdup" &&
               Records.id(*F) != "strndup"))
      return false;
    addMade(Records.id(*F), Type, Target);
    return true;
  }

  void addMade(const std::string &Allocator, QualType Type, const Expr *Target) {
    const RecordDecl *Record = nullptr;
    if (QualType Below = Type->getPointeeType(); !Below.isNull())
      Record = Context.getBaseElementType(Below)->getAsRecordDecl();
    StoredPlace Place = Target ? storedPlace(*Target) : StoredPlace{};
    std::string To;
    if (Place.isGlobal())
      To = "global=" + Records.id(*Place.Global) +
           (Place.Field ? "." + Place.Field->getNameAsString() : "");
    else if (Place.isField())
      To = "field=" + recordName(*Place.Record) + "." + Place.Field->getNameAsString();
    Records.add({"makes", Own, Allocator, Record ? recordName(*Record) : "", To});
  }

  void addArgument(const std::string &Callee, const Expr &Argument) {
    if (const auto *Name = llvm::dyn_cast<DeclRefExpr>(Argument.IgnoreParenCasts()))
      if (const auto *F = llvm::dyn_cast<FunctionDecl>(Name->getDecl()); F && isThreadMain(*F))
        Records.add({"thread", Own, Records.id(*F)});
    StoredPlace Place = storedPlace(Argument);
    QualType Type = Argument.IgnoreParenCasts()->getType();
    if (!Type->getPointeeType().isNull())
      Type = Type->getPointeeType();
    if (!isLock(Context, Type))
      return;
    if (Place.Global && !Place.Field)
      Records.add({"lock", Own, Callee, "global", Records.id(*Place.Global), Loop});
    else if (Place.isField())
      Records.add({"lock", Own, Callee, "field",
                   recordName(*Place.Record) + "." + Place.Field->getNameAsString(), Loop});
    else if (Place.isGlobal())
      Records.add({"lock", Own, Callee, "global",
                   Records.id(*Place.Global) + "." + Place.Field->getNameAsString(), Loop});
  }

  // A call of a method that may change its object.
  void addChangedObject(const CallExpr &Call, const CXXMethodDecl &Method) {
    const auto *MemberCall = llvm::dyn_cast<CXXMemberCallExpr>(&Call);
    const Expr *Object = MemberCall ? MemberCall->getImplicitObjectArgument()
                         : llvm::isa<CXXOperatorCallExpr>(Call) && Call.getNumArgs() > 0
                             ? Call.getArg(0)
                             : nullptr;
    if (Object && !Object->getType().isConstQualified() && !Method.isStatic())
      addStore(*Object, "method", Call.getExprLoc());
  }

  ProposalRecords &Records;
  const ASTContext &Context;
  std::string Own;
  std::string Loop = "0"; // line of the outermost loop around what is visited
  std::set<const Expr *> Callees;
};

} // namespace

void addBody(ProposalRecords &Records, const FunctionDecl &F) {
  BodyWalk(Records, F).TraverseStmt(F.getBody());
}

} // namespace perdure
