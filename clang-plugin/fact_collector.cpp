// SPDX-License-Identifier: Apache-2.0
//
// Marks -> facts. See fact_collector.h.
#include "fact_collector.h"

#include <set>

#include "layout_spans.h"
#include "marks.h"
#include "placement.h"
#include "unsuitable_fields.h"

#include "clang/AST/ASTContext.h"
#include "clang/AST/RecursiveASTVisitor.h"
#include "clang/Basic/SourceManager.h"
#include "clang/Lex/Lexer.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"

using namespace clang;

namespace perdure {
namespace {

// Facts that are the function's mark under the same name.
constexpr llvm::StringLiteral FunctionMarks[] = {
    mark::Allocates,       mark::VolatileHeap, mark::Transaction,     mark::CommitPoint,
    mark::RunThenRestore,  mark::Recovery,     mark::RunRecovery,     mark::GatedOutput,
    mark::SkipIfRecovered, mark::Writes,       mark::PersistentScope, mark::VolatileScope,
    mark::RelaxedStores,   mark::NewPools,     mark::UnrecordedInput, mark::HandsOverTo};

class UnitWalk : public RecursiveASTVisitor<UnitWalk> {
public:
  explicit UnitWalk(FactCollector &Collector) : Collector(Collector) {}

  bool shouldVisitTemplateInstantiations() const { return true; }

  bool VisitFunctionDecl(FunctionDecl *F) {
    if (!F->isTemplated() && Functions.insert(F->getCanonicalDecl()).second)
      Collector.addFunction(*F);
    return true;
  }
  bool VisitVarDecl(VarDecl *V) {
    if (V->hasGlobalStorage() && !V->isTemplated() && Globals.insert(V->getCanonicalDecl()).second)
      Collector.addGlobal(*V);
    return true;
  }
  bool VisitRecordDecl(RecordDecl *Record) {
    if (Record->isThisDeclarationADefinition() && !Record->isTemplated())
      Collector.addType(*Record);
    return true;
  }
  bool VisitLambdaExpr(LambdaExpr *Lambda) {
    Collector.addLambda(*Lambda);
    return true;
  }

private:
  FactCollector &Collector;
  std::set<const Decl *> Functions, Globals;
};

void reportError(const Decl &D, const std::string &Message) {
  DiagnosticsEngine &Diags = D.getASTContext().getDiagnostics();
  Diags.Report(D.getLocation(), Diags.getCustomDiagID(DiagnosticsEngine::Error, "%0")) << Message;
}

} // namespace

FactCollector::FactCollector(ASTContext &Context, llvm::StringRef MainFile, bool RecoveryHasPlace,
                             UnitFacts &Facts)
    : Context(Context), Names(Context), Types(Context), MainFile(MainFile),
      RecoveryHasPlace(RecoveryHasPlace), Facts(Facts) {}

void FactCollector::collect() {
  UnitWalk(*this).TraverseDecl(Context.getTranslationUnitDecl());
  Facts.Types = Types.rows();
  if (Lambdas != 0)
    Facts.Unit.push_back({"lambdas", llvm::utohexstr(Lambdas)});
}

// Lambdas are known by their order in the unit: the pool learns whether that is still the same.
void FactCollector::addLambda(const LambdaExpr &Lambda) {
  const SourceManager &SM = Context.getSourceManager();
  if (SM.isInSystemHeader(Lambda.getBeginLoc()))
    return;
  llvm::StringRef Text = Lexer::getSourceText(SM.getExpansionRange(Lambda.getSourceRange()), SM,
                                              Context.getLangOpts());
  Lambdas = llvm::xxHash64((llvm::utohexstr(Lambdas) + Text).str());
}

void FactCollector::addFunction(const FunctionDecl &F) {
  if (F.isInvalidDecl() || F.isDeleted())
    return;
  const SourceManager &SM = Context.getSourceManager();
  bool IsLibrary = SM.isInSystemHeader(F.getLocation()) && (F.isReferenced() || F.isUsed());
  if (F.isMain() && !RecoveryHasPlace && F.hasBody())
    Facts.Functions.push_back({"main", mark::RunRecovery.str()});
  bool IsMarked = llvm::any_of(FunctionMarks, [&](auto Mark) { return hasMark(F, Mark); });
  if (!IsLibrary && !IsMarked)
    return;
  // A constructor or destructor is several functions.
  std::vector<std::string> Symbols{Names.getName(&F)};
  if (llvm::isa<CXXConstructorDecl, CXXDestructorDecl>(F))
    Symbols = Names.getAllManglings(&F);
  for (const std::string &Symbol : Symbols) {
    if (IsLibrary && !F.hasBody())
      Facts.LibraryFunctions.push_back(Symbol);
    for (llvm::StringRef Mark : FunctionMarks)
      if (auto Argument = findMark(F, Mark)) {
        Fact Row{Symbol, Mark.str()};
        if (Mark == mark::SkipIfRecovered || Mark == mark::Writes || Mark == mark::HandsOverTo)
          Row.push_back(Argument->empty() ? "0" : Argument->str());
        Facts.Functions.push_back(std::move(Row));
      }
  }
}

std::string FactCollector::symbolOf(const VarDecl &V) {
  // Clang names a C function's static after the function, outside the mangling.
  if (V.isStaticLocal() && !Context.getLangOpts().CPlusPlus)
    if (const auto *F = llvm::dyn_cast<FunctionDecl>(V.getDeclContext()))
      return Names.getName(F) + "." + V.getNameAsString();
  return Names.getName(&V);
}

std::string FactCollector::keyOf(const VarDecl &V, const std::string &Symbol) const {
  if (!V.isExternallyVisible())
    return MainFile + ":" + plainName(V);
  // Templates and locals have no plain name of their own.
  bool Ambiguous = V.isStaticLocal() || V.getTemplateInstantiationPattern() ||
                   llvm::isa<VarTemplateSpecializationDecl>(V);
  return Ambiguous ? Symbol : plainName(V);
}

void FactCollector::addGlobal(const VarDecl &V) {
  if (V.isInvalidDecl())
    return;
  std::string Symbol;
  if (hasMark(V, mark::Lock)) {
    Symbol = symbolOf(V);
    bool Points = V.getType()->isPointerType();
    Facts.Globals.push_back({Symbol, Points ? "lock-pointer" : "lock"});
  }
  bool Pinned = hasMark(V, mark::Pinned);
  for (llvm::StringRef Mark : {mark::Persistent, mark::Relaxed, mark::Transient,
                               mark::PersistentField, mark::RelaxedField, mark::TransientField})
    if (hasMark(V, Mark))
      return Pinned ? reportError(V, "a persistent variable has the same address in every run "
                                     "already; drop 'pinned', or the other mark")
                    : addRoot(V, Symbol.empty() ? symbolOf(V) : Symbol);
  if (Pinned)
    addPinned(V);
}

void FactCollector::addPinned(const VarDecl &V) {
  std::string Symbol = symbolOf(V);
  Facts.Globals.push_back({Symbol, mark::Pinned.str(), keyOf(V, Symbol), Types.nameOf(V.getType()),
                           V.isExternallyVisible() ? "0" : "1"});
}

void FactCollector::addRoot(const VarDecl &V, const std::string &Symbol) {
  if (std::string Problem = rootInitializerProblem(V); !Problem.empty())
    return reportError(V, "a persistent root can't be " + Problem);
  warnOfUnsuitableFields(V);
  std::string Key = keyOf(V, Symbol);
  Facts.Globals.push_back(
      {Symbol, mark::Persistent.str(), Key, typeOf(V, Key), V.isExternallyVisible() ? "0" : "1"});
  if (!V.getType()->isIncompleteType())
    addSpans(V, Symbol);
}

std::string FactCollector::typeOf(const VarDecl &V, const std::string &Key) {
  if (hasMark(V, mark::Transient)) // its value leads nowhere
    return "transient " + Types.nameOf(V.getType());
  if (hasMark(V, mark::Persistent) || hasMark(V, mark::Relaxed)) {
    Types.add(V.getType(), Key);
    return Types.nameOf(V.getType());
  }
  std::vector<llvm::StringRef> Paths = markArguments(V, mark::PersistentField);
  for (llvm::StringRef Path : markArguments(V, mark::RelaxedField))
    if (!llvm::is_contained(Paths, Path))
      Paths.push_back(Path);
  return Types.addParts(V, Key, Paths);
}

void FactCollector::addSpans(const VarDecl &V, const std::string &Symbol) {
  uint64_t Size = Context.getTypeSizeInChars(V.getType()).getQuantity();
  std::vector<ByteRange> Persistent, Volatile, Relaxed;
  auto Find = [&](llvm::StringRef Mark, std::vector<ByteRange> &Spans) {
    for (llvm::StringRef Path : markArguments(V, Mark))
      findField(Context, V.getType(), Path, Spans); // checked where the mark was put
  };
  Find(mark::RelaxedField, Relaxed);
  Find(mark::TransientField, Volatile);
  Find(mark::PersistentField, Persistent);
  bool Whole = hasMark(V, mark::Persistent) || hasMark(V, mark::Relaxed);
  if (!Whole) { // only the fields named
    Persistent.insert(Persistent.end(), Relaxed.begin(), Relaxed.end());
    normalize(Persistent);
    std::vector<ByteRange> Rest = complement(Persistent, Size);
    Volatile.insert(Volatile.end(), Rest.begin(), Rest.end());
  }
  if (hasMark(V, mark::Relaxed))
    Relaxed.push_back({0, Size});
  if (hasMark(V, mark::Transient))
    Volatile.push_back({0, Size});
  if (!findMarkedFields(Context, V.getType(), Volatile, Relaxed))
    return reportError(V, "persistent variable '" + V.getNameAsString() +
                              "' has too many transient or relaxed parts; put them into a variable "
                              "of their own, or allocate the objects in the pool");
  normalize(Volatile);
  normalize(Relaxed);
  auto Add = [&](const char *Kind, const std::vector<ByteRange> &Spans) {
    for (const ByteRange &S : Spans)
      Facts.Globals.push_back({Symbol, Kind, std::to_string(S.Offset), std::to_string(S.Size)});
  };
  Add("volatile-span", Volatile);
  Add("relaxed-span", Relaxed);
}

void FactCollector::addType(const RecordDecl &Record) {
  if (!hasMark(Record, mark::Persistent))
    return;
  Types.add(Record);
  warnOfUnsuitableFields(Record);
}

} // namespace perdure
