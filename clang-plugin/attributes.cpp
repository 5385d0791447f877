// SPDX-License-Identifier: Apache-2.0
//
// The source attributes: [[perdure::NAME]] (C++, C23) and __attribute__((perdure_NAME)). One table
// row says what each may stand on and what it is for; a row's attribute becomes a mark (marks.h).
// docs/annotations.md is the reference. The port file says the same things by name (port_file.h).
#include <array>

#include "clang_versions.h"
#include "marks.h"
#include "placement.h"

#include "clang/AST/ASTContext.h"
#include "clang/AST/Decl.h"
#include "clang/Lex/Lexer.h"
#include "clang/Sema/ParsedAttr.h"
#include "clang/Sema/Sema.h"

using namespace clang;

namespace perdure {
namespace {

enum Subject : unsigned { Record = 1, Global = 2, Field = 4, IntegerField = 8, Function = 16 };
enum class Argument { None, OptionalValue, Mask, Model, Name };

struct AttributeSpec {
  const char *CXXName;
  const char *GNUName;
  llvm::StringLiteral Mark;
  unsigned Subjects;
  Argument Arg;
  const char *Purpose; // completes "it says that ..."
};

constexpr AttributeSpec Specs[] = {
    {"perdure::persistent", "perdure_persistent", mark::Persistent, Record | Global, Argument::None,
     "objects of a type, or a global variable, live in the pool"},
    {"perdure::relaxed", "perdure_relaxed", mark::Relaxed, Field | Global, Argument::None,
     "a store is recorded but never makes output wait"},
    {"perdure::transient", "perdure_transient", mark::Transient, Field | Global, Argument::None,
     "stores are not recorded and recovery gives the value"},
    {"perdure::relaxed_bits", "perdure_relaxed_bits", mark::Relaxed, IntegerField, Argument::Mask,
     "a store that changes only these bits never makes output wait"},
    {"perdure::transient_bits", "perdure_transient_bits", mark::Transient, IntegerField,
     Argument::Mask, "a store that changes only these bits is not recorded"},
    {"perdure::pinned", "perdure_pinned", mark::Pinned, Global, Argument::None,
     "a variable has the same address in every run, so that persistent objects may point to it"},
    {"perdure::lock", "perdure_lock", mark::Lock, Field | Global, Argument::None,
     "a section under the lock is a unit, durable as a whole"},
    {"perdure::transaction", "perdure_transaction", mark::Transaction, Function, Argument::None,
     "a function's updates become durable together"},
    {"perdure::commit_point", "perdure_commit_point", mark::CommitPoint, Function, Argument::None,
     "the state is consistent while the function runs"},
    {"perdure::allocates", "perdure_allocates", mark::Allocates, Function, Argument::None,
     "what the function's body allocates is pool memory"},
    {"perdure::volatile_heap", "perdure_volatile_heap", mark::VolatileHeap, Function,
     Argument::None, "what the function's body allocates is never pool memory"},
    {"perdure::persistent_scope", "perdure_persistent_scope", mark::PersistentScope, Function,
     Argument::None, "what is allocated while the function runs is pool memory, where it may be"},
    {"perdure::volatile_scope", "perdure_volatile_scope", mark::VolatileScope, Function,
     Argument::None, "what is allocated while the function runs is not pool memory"},
    {"perdure::relaxed_stores", "perdure_relaxed_stores", mark::RelaxedStores, Function,
     Argument::None, "the function's own stores are recorded but never make output wait"},
    {"perdure::unrecorded_input", "perdure_unrecorded_input", mark::UnrecordedInput, Function,
     Argument::None, "what library functions write that the function calls is not recorded"},
    {"perdure::hands_over_to", "perdure_hands_over_to", mark::HandsOverTo, Function, Argument::Name,
     "what the function passes to another by pointer is recorded as a whole"},
    {"perdure::skip_if_recovered", "perdure_skip_if_recovered", mark::SkipIfRecovered, Function,
     Argument::OptionalValue, "the function returns at once when a pool was recovered"},
    {"perdure::run_then_restore", "perdure_run_then_restore", mark::RunThenRestore, Function,
     Argument::None, "the function runs, then persistent globals get back what was recovered"},
    {"perdure::recovery", "perdure_recovery", mark::Recovery, Function, Argument::None,
     "the function runs after a pool was recovered"},
    {"perdure::new_pools", "perdure_new_pools", mark::NewPools, Function, Argument::None,
     "the recovery function runs for a new pool, too"},
    {"perdure::recover_before", "perdure_recover_before", mark::RunRecovery, Function,
     Argument::None, "recovery functions run before this function, instead of before main"},
    {"perdure::gated_output", "perdure_gated_output", mark::GatedOutput, Function, Argument::None,
     "a call waits until all updates made before it are durable"},
    {"perdure::writes", "perdure_writes", mark::Writes, Function, Argument::Model,
     "an external function writes through the arguments named"},
};

std::string subjectList(unsigned Subjects) {
  std::string List;
  auto Add = [&](unsigned Subject, const char *Text) {
    if (Subjects & Subject)
      List += (List.empty() ? "" : " and ") + std::string(Text);
  };
  Add(Record, "struct, class and union types");
  Add(Global, "global variables");
  Add(Field, "fields");
  Add(IntegerField, "integer fields");
  Add(Function, "functions");
  return List;
}

template <unsigned N>
void report(Sema &S, SourceLocation Loc, const char (&Format)[N],
            std::initializer_list<llvm::StringRef> Arguments) {
  auto Builder = S.Diag(Loc, S.getDiagnostics().getCustomDiagID(DiagnosticsEngine::Error, Format));
  for (llvm::StringRef Text : Arguments)
    Builder << Text;
}

bool isSubject(const Decl &D, unsigned Subjects) {
  if (const auto *F = llvm::dyn_cast<FieldDecl>(&D))
    return (Subjects & Field) || ((Subjects & IntegerField) && (F->getType()->isIntegerType() ||
                                                                F->getType()->isDependentType()));
  if (llvm::isa<RecordDecl>(D))
    return Subjects & Record;
  if (llvm::isa<ParmVarDecl>(D))
    return false;
  if (const auto *V = llvm::dyn_cast<VarDecl>(&D))
    return (Subjects & Global) && V->hasGlobalStorage();
  return llvm::isa<FunctionDecl>(D) && (Subjects & Function);
}

class PerdureAttribute : public ParsedAttrInfo {
public:
  explicit PerdureAttribute(unsigned Index)
      : Spec(Specs[Index]), Spells{{{ParsedAttr::AS_CXX11, Spec.CXXName},
                                    {AttributeOfC23, Spec.CXXName},
                                    {ParsedAttr::AS_GNU, Spec.GNUName},
                                    {ParsedAttr::AS_CXX11, unscopedName()},
                                    {AttributeOfC23, unscopedName()}}} {
    // Clang asks for the name without scope to learn whether an attribute's arguments are to be
    // parsed, or skipped because nobody knows it.
    Spellings = llvm::ArrayRef(Spells).take_front(Spec.Arg == Argument::None ? 3 : 5);
    NumArgs = Spec.Arg != Argument::None && Spec.Arg != Argument::OptionalValue;
    OptArgs = Spec.Arg == Argument::OptionalValue;
  }

  bool diagAppertainsToDecl(Sema &S, const ParsedAttr &Attr, const Decl *D) const override {
    if (Attr.isStandardAttributeSyntax() && !Attr.hasScope()) {
      report(S, Attr.getLoc(), "unknown attribute '%0'; write '%1'",
             {spelling(Attr), Spec.CXXName});
      return false;
    }
    if (!isSubject(*D, Spec.Subjects)) {
      report(S, Attr.getLoc(), "'%0' applies only to %1; it says that %2",
             {spelling(Attr), subjectList(Spec.Subjects), Spec.Purpose});
      return false;
    }
    if (dropsArguments(S, Attr)) {
      report(S, Attr.getLoc(),
             "this version of Clang reads no arguments of '%0' in brackets; write "
             "__attribute__((%1(...)))",
             {spelling(Attr), Spec.GNUName});
      return false;
    }
    std::string Problem;
    if (const auto *V = llvm::dyn_cast<VarDecl>(D); V && Spec.Mark != mark::Lock)
      Problem = Spec.Mark == mark::Pinned ? pinProblem(*V) : rootProblem(*V);
    if (const auto *F = llvm::dyn_cast<FieldDecl>(D))
      Problem = fieldProblem(*F);
    if (Problem.empty())
      return true;
    report(S, Attr.getLoc(), "'%0' can't apply to %1", {spelling(Attr), Problem});
    return false;
  }

  AttrHandling handleDeclAttribute(Sema &S, Decl *D, const ParsedAttr &Attr) const override {
    std::string Value;
    if (!readArgument(S, Attr, Value))
      return AttributeNotApplied;
    if (!llvm::isa<FieldDecl>(D))
      addMark(*D, Spec.Mark, Value, Attr.getLoc());
    else if (Spec.Arg == Argument::Mask)
      addMark(*D, mark::Field, (Spec.Mark + "-bits:" + Value).str(), Attr.getLoc());
    else
      addMark(*D, mark::Field, Spec.Mark, Attr.getLoc());
    return AttributeApplied;
  }

private:
  // Never in silence: without its argument the attribute may mean something else.
  bool dropsArguments(Sema &S, const ParsedAttr &Attr) const {
    if (BracketsTakeArguments || Spec.Arg == Argument::None || !Attr.isStandardAttributeSyntax())
      return false;
    SourceLocation Name = S.getSourceManager().getSpellingLoc(Attr.getRange().getEnd());
    auto Next = Lexer::findNextToken(Name, S.getSourceManager(), S.getLangOpts());
    return Next && Next->is(tok::l_paren);
  }

  static std::string spelling(const ParsedAttr &Attr) { return Attr.getNormalizedFullName(); }

  bool readArgument(Sema &S, const ParsedAttr &Attr, std::string &Value) const {
    if (Spec.Arg == Argument::None || Attr.getNumArgs() == 0)
      return true;
    if (Spec.Arg == Argument::Model || Spec.Arg == Argument::Name) {
      llvm::StringRef Model;
      SourceLocation Loc;
      if (!S.checkStringLiteralArgumentAttr(Attr, 0, Model, &Loc))
        return false;
      Value = Model.str();
      if (Spec.Arg == Argument::Name || isWritesModel(Model))
        return true;
      report(S, Loc, "'%0' is no model of what a function writes; it is %1",
             {Model, WritesModelHelp});
      return false;
    }
    Expr *E = Attr.isArgExpr(0) ? Attr.getArgAsExpr(0) : nullptr;
    std::optional<llvm::APSInt> Number;
    if (E && !E->isValueDependent())
      Number = E->getIntegerConstantExpr(S.Context);
    if (!Number) {
      report(S, Attr.getLoc(), "the argument of '%0' must be an integer constant",
             {spelling(Attr)});
      return false;
    }
    bool IsMask = Spec.Arg == Argument::Mask;
    if (IsMask && Number->isZero()) {
      report(S, Attr.getLoc(), "the mask of '%0' has no bits", {spelling(Attr)});
      return false;
    }
    llvm::SmallString<24> Text;
    Number->toString(Text, 10, Number->isSigned() && !IsMask);
    Value = Text.str().str();
    return true;
  }

  const char *unscopedName() const { return Spec.CXXName + sizeof("perdure::") - 1; }

  const AttributeSpec &Spec;
  std::array<Spelling, 5> Spells;
};

// The registry makes attributes by default construction, so each row needs its own type.
template <unsigned Index> struct AttributeAt : PerdureAttribute {
  AttributeAt() : PerdureAttribute(Index) {}
};

template <unsigned Index> struct Registration {
  Registration<Index - 1> Before;
  ParsedAttrInfoRegistry::Add<AttributeAt<Index - 1>> Entry{Specs[Index - 1].GNUName,
                                                            Specs[Index - 1].Purpose};
};
template <> struct Registration<0> {};

Registration<std::size(Specs)> RegisterAll;

} // namespace
} // namespace perdure
