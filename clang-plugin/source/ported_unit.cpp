// SPDX-License-Identifier: Apache-2.0
#include "ported_unit.h"

#include "../marks.h"
#include "calls.h"
#include "coverage_walk.h"
#include "module_table.h"

#include "clang/AST/ParentMapContext.h"
#include "clang/AST/RecursiveASTVisitor.h"
#include "clang/Lex/Lexer.h"
#include "llvm/Support/Path.h"

using namespace clang;
using llvm::StringRef;

namespace perdure {
namespace {

std::string settingOf(const UnitFacts &Facts, StringRef Key) {
  for (const Fact &Row : Facts.Unit)
    if (Row[0] == Key)
      return Row[1];
  return "";
}

llvm::DenseMap<const VarDecl *, std::string> symbolsIn(ASTContext &Context,
                                                       FactCollector &Collector) {
  struct Walk : RecursiveASTVisitor<Walk> {
    FactCollector &Collector;
    llvm::DenseMap<const VarDecl *, std::string> Symbols;
    explicit Walk(FactCollector &Collector) : Collector(Collector) {}
    bool VisitVarDecl(VarDecl *V) {
      if (V->hasGlobalStorage() && V->hasAttrs())
        Symbols.try_emplace(V->getCanonicalDecl(), Collector.symbolOf(*V));
      return true;
    }
  } Visitor(Collector);
  Visitor.TraverseDecl(Context.getTranslationUnitDecl());
  return std::move(Visitor.Symbols);
}

class PortWalk : public RecursiveASTVisitor<PortWalk> {
public:
  PortWalk(ASTContext &Context, const Preprocessor &Macros, const UnitFacts &Facts,
           FactCollector &Collector, StringRef UnitName, UnitSource &Unit)
      : Facts(Facts), Editor(Context, Macros, Unit),
        Where(Context, Facts.Globals, symbolsIn(Context, Collector)), Settling(Context),
        Written(Editor, Where, Settling),
        Calls(Editor, Where, Written, settingOf(Facts, "heap") == "all",
              settingOf(Facts, "strict") == "1"),
        Globals(Editor, Where, Facts.Globals), Functions(Editor, UnitName) {}

  bool TraverseDecl(Decl *D) {
    if (!D || (!llvm::isa<TranslationUnitDecl>(D) && !Editor.isProgram(D->getLocation())))
      return true;
    const FunctionDecl *Outer = In;
    if (auto *F = llvm::dyn_cast<FunctionDecl>(D))
      In = F;
    bool Continue = RecursiveASTVisitor::TraverseDecl(D);
    In = Outer;
    return Continue;
  }

  bool VisitVarDecl(VarDecl *V) {
    Globals.declaration(*V);
    if (hasMark(*V, mark::Lock) && V->isThisDeclarationADefinition() != VarDecl::DeclarationOnly) {
      if (V->isStaticLocal())
        Editor.error(V->getLocation(),
                     "move this lock out of the function, where source can name it");
      else if (!llvm::is_contained(Locks, V))
        Locks.push_back(V);
    }
    return true;
  }

  bool VisitFunctionDecl(FunctionDecl *F) {
    if (!F->isThisDeclarationADefinition() || !F->hasBody())
      return true;
    entry(*F);
    if (hasMark(*F, mark::Recovery))
      Recovery.push_back(F);
    Bodies.push_back(F->getBody());
    return true;
  }

  bool VisitBinaryOperator(BinaryOperator *Write) {
    if (Write->isAssignmentOp()) {
      Written.assignment(*Write, relaxed());
      Decided.insert(Write);
    }
    return true;
  }
  bool VisitUnaryOperator(UnaryOperator *Unary) {
    if (Unary->isIncrementDecrementOp()) {
      Written.increment(*Unary, relaxed());
      Decided.insert(Unary);
    }
    return true;
  }
  bool VisitAtomicExpr(AtomicExpr *Operation) {
    Written.atomic(*Operation, relaxed());
    Decided.insert(Operation);
    return true;
  }
  bool VisitGCCAsmStmt(GCCAsmStmt *Assembly) {
    Written.assembly(*Assembly);
    Decided.insert(Assembly);
    return true;
  }
  bool VisitVAArgExpr(VAArgExpr *Argument) {
    Written.variableArgument(*Argument);
    Decided.insert(Argument);
    return true;
  }
  bool VisitCallExpr(CallExpr *Call) {
    Calls.visit(*Call, In);
    Decided.insert(Call);
    return true;
  }
  bool VisitDeclRefExpr(DeclRefExpr *Name) {
    Globals.use(*Name);
    if (Name->getType()->isFunctionType() && isValue(*Name))
      Functions.use(*Name);
    return true;
  }

  void finish() {
    for (const Stmt *Body : Bodies)
      checkCoverage(*Body, Decided, Editor);
    ModuleParts Parts{Facts, Globals, Functions, Locks, Recovery, false, false, false};
    for (const Fact &Row : Facts.Functions) {
      Parts.CommitPoints |= Row[1] == mark::CommitPoint;
      Parts.Sections |= Row[1] == mark::Transaction;
      Parts.NewPools |= Row[1] == mark::NewPools;
    }
    for (const Fact &Row : Facts.Globals)
      Parts.Sections |= StringRef(Row[1]).starts_with("lock");
    Parts.Sections |=
        llvm::any_of(Editor.Unit.Sites, [](const Site &Here) { return Here.Kind == "unit"; });
    Editor.Unit.Tail = moduleTable(Parts, Where);
    Editor.Unit.Head = Globals.addresses() + Functions.addresses();
  }

private:
  bool relaxed() const { return In && hasMark(*In, mark::RelaxedStores); }

  // A function's name that is neither called nor handed to a function of libc that keeps it for
  // itself.
  bool isValue(const DeclRefExpr &Name) {
    const Expr *Inner = &Name;
    while (true) {
      const Expr *Outer = nullptr;
      for (const DynTypedNode &Node : Editor.Context.getParents(*Inner))
        if (!Outer)
          Outer = Node.get<Expr>();
      if (!Outer)
        return true;
      if (const auto *Call = llvm::dyn_cast<CallExpr>(Outer)) {
        if (Call->getCallee() == Inner)
          return false;
        const FunctionDecl *Callee = Call->getDirectCallee();
        static constexpr StringRef Keepers[] = {
            "pthread_create", "pthread_once",       "qsort",         "qsort_r", "bsearch",
            "atexit",         "pthread_key_create", "pthread_atfork"};
        return !(Callee && Callee->getIdentifier() &&
                 llvm::is_contained(Keepers, Callee->getName()));
      }
      if (llvm::isa<UnaryExprOrTypeTraitExpr>(Outer))
        return false;
      if (!llvm::isa<CastExpr, ParenExpr>(Outer) &&
          !(llvm::isa<UnaryOperator>(Outer) &&
            llvm::cast<UnaryOperator>(Outer)->getOpcode() == UO_AddrOf))
        return true;
      Inner = Outer;
    }
  }

  // What happens at a function's entry and exits, as the IR half orders it.
  void entry(const FunctionDecl &F) {
    std::string Text;
    auto Add = [&](StringRef Line, StringRef End = ";") { Text += ("\n  " + Line + End).str(); };
    bool RunsRecovery =
        llvm::is_contained(Facts.Functions, Fact{F.getNameAsString(), mark::RunRecovery.str()});
    if (RunsRecovery || hasMark(F, mark::RunRecovery))
      Add("perdure_run_recovery()");
    if (auto Value = findMark(F, mark::SkipIfRecovered)) {
      QualType Type = F.getReturnType();
      std::string Result = Value->empty() ? "0" : Value->str();
      if (Type->isRecordType())
        return Editor.error(F.getLocation(),
                            "a function that returns a structure cannot be skipped "
                            "in source");
      // In braces on one line: what follows may be indented by more, and look as if it belonged
      // here.
      Add("if (perdure_is_recovered()) { return" +
              (Type->isVoidType()      ? std::string()
               : Type->isPointerType() ? " (void *)" + Result
                                       : " " + Result) +
              "; }",
          "");
    }
    if (hasMark(F, mark::RunThenRestore))
      Add("PERDURE_RESTORE_AT_EXIT");
    if (hasMark(F, mark::VolatileScope))
      Add("PERDURE_HEAP_SCOPE(PERDURE_SCOPE_VOLATILE)");
    if (hasMark(F, mark::PersistentScope))
      Add("PERDURE_HEAP_SCOPE(PERDURE_SCOPE_PERSISTENT)");
    if (hasMark(F, mark::CommitPoint))
      Add("PERDURE_COMMIT_POINT_SCOPE");
    if (hasMark(F, mark::Transaction))
      Add("PERDURE_UNIT");
    if (hasMark(F, mark::GatedOutput))
      Add("perdure_output_wait()");
    if (Text.empty())
      return;
    const auto *Body = llvm::dyn_cast<CompoundStmt>(F.getBody());
    const SourceManager &SM = Editor.Context.getSourceManager();
    if (*SM.getCharacterData(SM.getSpellingLoc(Body->getLBracLoc()).getLocWithOffset(1)) != '\n')
      Text += "\n ";
    Editor.insertAfter(Body->getLBracLoc(), Text, "function entry");
  }

  const UnitFacts &Facts;
  SourceEditor Editor;
  Places Where;
  SettlingCalls Settling;
  Writes Written;
  PortedCalls Calls;
  PlacedGlobals Globals;
  PinnedFunctions Functions;
  const FunctionDecl *In = nullptr;
  std::vector<const VarDecl *> Locks;
  std::vector<const FunctionDecl *> Recovery;
  std::vector<const Stmt *> Bodies;
  llvm::DenseSet<const Stmt *> Decided;
};

// The first token of a file that is no comment.
unsigned firstToken(StringRef Text, const LangOptions &Options) {
  Lexer Raw(SourceLocation(), Options, Text.begin(), Text.begin(), Text.end());
  Token First;
  Raw.LexFromRawLexer(First);
  return First.is(tok::eof) ? 0 : Raw.getCurrentBufferOffset() - First.getLength();
}

} // namespace

void portUnit(ASTContext &Context, const Preprocessor &Macros, const UnitFacts &Facts,
              FactCollector &Collector, StringRef UnitName, UnitSource &Unit) {
  const SourceManager &SM = Context.getSourceManager();
  PortWalk Walk(Context, Macros, Facts, Collector, UnitName, Unit);
  Walk.TraverseDecl(Context.getTranslationUnitDecl());
  Walk.finish();
  std::string Stem = llvm::sys::path::stem(Unit.MainFile).str();
  StringRef Text = SM.getBufferData(SM.getMainFileID());
  FileEdits &Main = Unit.Edits[Unit.MainFile];
  unsigned First = firstToken(Text, Context.getLangOpts());
  // Around the whole text, and so outside of what is changed at its ends.
  Main.wrap(First, Text.size(), "#include \"" + Stem + ".perdure.h\"\n",
            (Text.ends_with("\n") ? "" : "\n") + ("\n#include \"" + Stem + ".perdure.inc\"\n"));
}

} // namespace perdure
