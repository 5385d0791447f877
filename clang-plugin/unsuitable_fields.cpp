// SPDX-License-Identifier: Apache-2.0
//
// The types whose values do not outlive a process. See unsuitable_fields.h.
#include "unsuitable_fields.h"

#include <set>

#include "marks.h"

#include "clang/AST/ASTContext.h"
#include "clang/AST/DeclCXX.h"
#include "clang/Basic/SourceManager.h"
#include "llvm/ADT/StringSwitch.h"

using namespace clang;
using llvm::StringRef;

namespace perdure {
namespace {

// What comes back after a restart; empty if the type may be stored. Typedefs are looked at on the
// way, because pthread_t and pthread_spinlock_t are integers below.
StringRef nameProblem(StringRef Name) {
  return llvm::StringSwitch<StringRef>(Name)
      .Cases("pthread_mutex_t", "pthread_rwlock_t", "pthread_spinlock_t", "std::mutex",
             "std::recursive_mutex", "std::timed_mutex", "std::shared_mutex",
             "std::shared_timed_mutex", "a lock that may come back held")
      .Case("std::recursive_timed_mutex", "a lock that may come back held")
      .Cases("pthread_cond_t", "pthread_barrier_t", "sem_t", "std::condition_variable",
             "std::condition_variable_any", "a wait queue of threads that are gone")
      .Cases("pthread_t", "std::thread", "std::jthread", "pthread_key_t", "pthread_attr_t",
             "a handle of a thread that is gone")
      .Cases("FILE", "_IO_FILE", "DIR", "__dirstream", "std::basic_fstream", "std::basic_ifstream",
             "std::basic_ofstream", "an open file of a process that is gone")
      .Case("std::function", "an address of code, which moves when the program is rebuilt")
      .Default("");
}

StringRef typeProblem(const ASTContext &Context, QualType Type) {
  Type = Context.getBaseElementType(Type);
  while (true) {
    if (const auto *Typedef = Type->getAs<TypedefType>())
      if (StringRef Problem = nameProblem(plainName(*Typedef->getDecl())); !Problem.empty())
        return Problem;
    QualType Below = Type.getSingleStepDesugaredType(Context);
    if (Below == Type)
      break;
    Type = Below;
  }
  if (const RecordDecl *Record = Type->getAsRecordDecl())
    return nameProblem(plainName(*Record));
  if (Type->isMemberFunctionPointerType())
    return "an address of code, which moves when the program is rebuilt";
  QualType Pointee = Type->getPointeeType();
  if (Pointee.isNull())
    return "";
  if (Pointee->isFunctionType())
    return "an address of code, which moves when the program is rebuilt";
  if (const RecordDecl *Record = Pointee->getAsRecordDecl())
    if (StringRef Name = Record->getName(); Name == "_IO_FILE" || Name == "__dirstream")
      return nameProblem(Name);
  return "";
}

class Check {
public:
  explicit Check(const ASTContext &Context) : Context(Context) {}

  void visit(const RecordDecl &Record) {
    const RecordDecl *Definition = Record.getDefinition();
    if (!Definition || Definition->isDependentType() || !Seen.insert(Definition).second ||
        Context.getSourceManager().isInSystemHeader(Definition->getLocation()))
      return;
    if (const auto *Class = llvm::dyn_cast<CXXRecordDecl>(Definition)) {
      if (Class->isPolymorphic())
        warn(Definition->getLocation(),
             "persistent class '%0' has virtual functions: its objects hold the address of a table "
             "that moves when the program is rebuilt; use a tag and a switch, or a variant",
             plainName(*Definition), "");
      for (const CXXBaseSpecifier &Base : Class->bases())
        if (const CXXRecordDecl *BaseClass = Base.getType()->getAsCXXRecordDecl())
          visit(*BaseClass);
    }
    for (const FieldDecl *Field : Definition->fields())
      visitField(*Field);
  }

private:
  void visitField(const FieldDecl &Field) {
    if (!isRecordedField(Field))
      return;
    StringRef Problem = typeProblem(Context, Field.getType());
    if (!Problem.empty())
      return warn(Field.getLocation(),
                  "field '%0' of a persistent object is %1; mark it transient and set it after "
                  "recovery, or move it out of the object",
                  Field.getName(), Problem);
    // A type that is persistent itself is looked at on its own.
    const RecordDecl *Nested = Context.getBaseElementType(Field.getType())->getAsRecordDecl();
    if (Nested && !hasMark(*Nested, mark::Persistent))
      visit(*Nested);
  }

  template <unsigned N>
  void warn(SourceLocation Loc, const char (&Format)[N], StringRef First, StringRef Second) {
    DiagnosticsEngine &Diags = Context.getDiagnostics();
    Diags.Report(Loc, Diags.getCustomDiagID(DiagnosticsEngine::Warning, Format)) << First << Second;
  }

  const ASTContext &Context;
  std::set<const RecordDecl *> Seen;
};

} // namespace

void warnOfUnsuitableFields(const RecordDecl &Record) {
  Check(Record.getASTContext()).visit(Record);
}

void warnOfUnsuitableFields(const VarDecl &Root) {
  // Single fields of a mixed variable were chosen by hand.
  if (!hasMark(Root, mark::Persistent) || hasMark(Root, mark::Transient))
    return;
  const ASTContext &Context = Root.getASTContext();
  const RecordDecl *Record = Context.getBaseElementType(Root.getType())->getAsRecordDecl();
  if (Record && !hasMark(*Record, mark::Persistent))
    Check(Context).visit(*Record);
}

} // namespace perdure
