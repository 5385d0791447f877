// SPDX-License-Identifier: Apache-2.0
//
// Port-file entries meet declarations. See port_match.h.
#include "port_match.h"

#include "layout_spans.h"
#include "marks.h"
#include "placement.h"

#include "clang/AST/ASTContext.h"
#include "clang/AST/DeclTemplate.h"
#include "clang/AST/RecursiveASTVisitor.h"
#include "clang/Basic/SourceManager.h"
#include "llvm/Support/GlobPattern.h"

using namespace clang;
using llvm::StringRef;

namespace perdure {
namespace {

bool isSystem(const Decl &D) {
  return D.getASTContext().getSourceManager().isInSystemHeader(D.getLocation());
}

// Declarations with a name, inside function bodies too, but not inside those of system headers.
class DeclarationWalk : public RecursiveASTVisitor<DeclarationWalk> {
public:
  explicit DeclarationWalk(PortMatcher &Matcher) : Matcher(Matcher) {}

  bool VisitNamedDecl(NamedDecl *D) {
    Matcher.visit(*D);
    return true;
  }
  bool TraverseDecl(Decl *D) {
    if (!D)
      return true;
    bool Outer = Skip;
    Skip = D->getLocation().isValid() && isSystem(*D);
    bool Continue = RecursiveASTVisitor::TraverseDecl(D);
    Skip = Outer;
    return Continue;
  }
  bool TraverseStmt(Stmt *S) { return Skip || RecursiveASTVisitor::TraverseStmt(S); }

private:
  PortMatcher &Matcher;
  bool Skip = false;
};

} // namespace

PortMatcher::PortMatcher(PortFile File, ASTContext &Context, StringRef MainFile)
    : Port(std::move(File)), Context(Context), MainFile(MainFile) {
  for (PortEntry &Entry : Port.Entries)
    if (Entry.IsGlob)
      Globs.push_back(&Entry);
    else
      ByName[unsigned(Entry.Subject)][Entry.Name].push_back(&Entry);
}

void PortMatcher::error(PortEntry &Entry, const llvm::Twine &Message) {
  if (Entry.Reported)
    return;
  Entry.Reported = true;
  DiagnosticsEngine &Diags = Context.getDiagnostics();
  Diags.Report(Entry.Location, Diags.getCustomDiagID(DiagnosticsEngine::Error, "%0"))
      << Message.str();
}

// An entry that names another unit's file still concerns an external symbol of that unit.
bool PortMatcher::concerns(const PortEntry &Entry, const NamedDecl &D) const {
  if (Entry.File.empty() || Entry.File == MainFile)
    return true;
  return !llvm::isa<TypeDecl>(D) && D.isExternallyVisible();
}

void PortMatcher::matched(PortEntry &Entry, bool IsDefinition) {
  if ((Entry.File.empty() || Entry.File == MainFile) && (IsDefinition || !Entry.NeedsDefinition))
    Entry.Matched = true;
}

void PortMatcher::visitAll(Decl &D) { DeclarationWalk(*this).TraverseDecl(&D); }

void PortMatcher::visit(NamedDecl &D) {
  if (auto *F = llvm::dyn_cast<FunctionDecl>(&D))
    return visitFunction(*F);
  if (auto *Typedef = llvm::dyn_cast<TypedefNameDecl>(&D)) {
    if (RecordDecl *Record = Typedef->getUnderlyingType()->getAsRecordDecl())
      visitType(D, *Record);
    return;
  }
  if (auto *Record = llvm::dyn_cast<RecordDecl>(&D))
    return visitType(D, *Record);
  if (auto *V = llvm::dyn_cast<VarDecl>(&D); V && V->hasGlobalStorage())
    visitGlobal(*V);
}

void PortMatcher::visitFunction(FunctionDecl &F) {
  std::string Name = plainName(F);
  constexpr auto Index = unsigned(PortSubject::Function);
  Names[Index].insert(Name);
  auto Apply = [&](PortEntry &Entry) {
    if (!concerns(Entry, F))
      return;
    addMark(F, Entry.Mark, Entry.Argument, Entry.Location);
    matched(Entry, F.isThisDeclarationADefinition());
  };
  if (auto Found = ByName[Index].find(Name); Found != ByName[Index].end())
    for (PortEntry *Entry : Found->second)
      Apply(*Entry);
  for (PortEntry *Entry : Globs)
    if (auto Pattern = llvm::GlobPattern::create(Entry->Name)) {
      // A function named in full has its own entry.
      if (Pattern->match(Name) && !hasMark(F, Entry->Mark))
        Apply(*Entry);
    } else {
      error(*Entry, llvm::toString(Pattern.takeError()));
    }
}

void PortMatcher::visitGlobal(VarDecl &V) {
  std::string Name = plainName(V);
  constexpr auto Index = unsigned(PortSubject::Global);
  Names[Index].insert(Name);
  auto Found = ByName[Index].find(Name);
  if (Found == ByName[Index].end())
    return;
  for (PortEntry *Entry : Found->second) {
    if (!concerns(*Entry, V))
      continue;
    std::string Problem;
    if (Entry->Mark != mark::Lock)
      Problem = Entry->Mark == mark::Pinned ? pinProblem(V) : rootProblem(V);
    if (!Problem.empty()) {
      error(*Entry, "'" + Entry->Text + "' can't apply to " + Problem);
      continue;
    }
    std::vector<ByteRange> Spans;
    bool Complete = !V.getType()->isIncompleteType() && !V.getType()->isDependentType();
    if (!Entry->Field.empty() && Complete)
      Problem = findField(Context, V.getType(), Entry->Field, Spans);
    if (!Problem.empty()) {
      error(*Entry, "'" + Entry->Text + "': " + Problem);
      continue;
    }
    addMark(V, Entry->Mark, Entry->Argument, Entry->Location);
    matched(*Entry, V.isThisDeclarationADefinition() != VarDecl::DeclarationOnly);
  }
}

void PortMatcher::visitType(NamedDecl &D, RecordDecl &Record) {
  std::string Name = plainName(D);
  RecordDecl *Definition = Record.getDefinition();
  Names[unsigned(PortSubject::Type)].insert(Name);
  constexpr auto Types = unsigned(PortSubject::Type), Fields = unsigned(PortSubject::Field);
  if (auto Found = ByName[Types].find(Name); Found != ByName[Types].end())
    for (PortEntry *Entry : Found->second)
      if (concerns(*Entry, D)) {
        addMark(Definition ? *Definition : Record, Entry->Mark, Entry->Argument, Entry->Location);
        // A template's instance is completed only where it is used.
        matched(*Entry, Definition || llvm::isa<ClassTemplateSpecializationDecl>(Record));
      }
  if (auto Found = ByName[Fields].find(Name); Found != ByName[Fields].end() && Definition)
    for (PortEntry *Entry : Found->second)
      if (concerns(*Entry, D))
        applyField(*Entry, *Definition);
}

void PortMatcher::applyField(PortEntry &Entry, RecordDecl &Record) {
  std::vector<std::string> Known;
  auto Field = llvm::find_if(Record.fields(), [&](const FieldDecl *F) {
    Known.push_back(F->getNameAsString());
    return F->getName() == Entry.Field;
  });
  if (Field == Record.field_end())
    return error(Entry, "no field '" + Entry.Field + "' in '" + plainName(Record) + "'" +
                            didYouMean(nearestName(Entry.Field, Known)));
  if (std::string Problem = fieldProblem(**Field); !Problem.empty())
    return error(Entry, "'" + Entry.Text + "' can't apply to " + Problem);
  bool Bits = StringRef(Entry.Argument).contains("-bits:");
  if (Bits && !Field->getType()->isIntegerType() && !Field->getType()->isDependentType())
    return error(Entry, "'" + Entry.Text + "' is no integer; bits can be named of integers only");
  addMark(**Field, Entry.Mark, Entry.Argument, Entry.Location);
  matched(Entry, true);
}

std::string PortMatcher::nearest(const PortEntry &Entry, unsigned &Distance) const {
  PortSubject Subject = Entry.Subject == PortSubject::Field ? PortSubject::Type : Entry.Subject;
  const std::set<std::string> &Known = Names[unsigned(Subject)];
  return nearestName(Entry.Name, std::vector<std::string>(Known.begin(), Known.end()), &Distance);
}

static StringRef subjectName(PortSubject Subject) {
  switch (Subject) {
  case PortSubject::Type:
  case PortSubject::Field:
    return "type";
  case PortSubject::Global:
    return "global variable";
  case PortSubject::Function:
    return "function";
  }
  llvm_unreachable("a PortSubject");
}

void PortMatcher::reportUnmatched() {
  for (PortEntry &Entry : Port.Entries) {
    if (Entry.Matched || Entry.File != MainFile)
      continue;
    unsigned Distance;
    bool Declared = Names[unsigned(Entry.Subject)].count(Entry.Name);
    std::string Problem = Declared ? " is declared but not defined in " : " is unknown in ";
    error(Entry, subjectName(Entry.Subject) + " '" + Entry.Name + "'" + Problem + MainFile +
                     (Declared ? "; name the file that defines it"
                               : didYouMean(nearest(Entry, Distance))));
  }
}

std::vector<std::string> PortMatcher::records() const {
  std::string Programs;
  for (const std::string &Program : Port.Programs)
    Programs += (Programs.empty() ? "" : ",") + Program;
  std::string ID = "\t" + Port.Identity + "\t";
  std::vector<std::string> Records{"port" + ID + Port.Path + "\t" + Programs};
  for (const PortEntry &Entry : Port.Entries) {
    std::string Place = ID + std::to_string(Entry.Line) + ":" + std::to_string(Entry.Column);
    Records.push_back("entry" + Place + "\t" + Entry.Text);
    if (Entry.Matched) {
      Records.push_back("match" + Place);
      continue;
    }
    unsigned Distance;
    if (std::string Near = nearest(Entry, Distance); !Near.empty())
      Records.push_back("near" + Place + "\t" + std::to_string(Distance) + "\t" + Near);
  }
  return Records;
}

} // namespace perdure
