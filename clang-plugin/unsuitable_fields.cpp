// SPDX-License-Identifier: Apache-2.0
//
// The types whose values do not outlive a process. See unsuitable_fields.h.
#include "unsuitable_fields.h"

#include <set>

#include "marks.h"

#include "clang/AST/ASTContext.h"
#include "clang/AST/DeclCXX.h"
#include "clang/AST/DeclTemplate.h"
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
      .Case("std::function", "a function object that may keep its state in the ordinary heap")
      .Default("");
}

} // namespace

StringRef unsuitableType(const ASTContext &Context, QualType Type) {
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
  QualType Pointee = Type->getPointeeType();
  if (Pointee.isNull())
    return "";
  if (const RecordDecl *Record = Pointee->getAsRecordDecl())
    if (StringRef Name = Record->getName(); Name == "_IO_FILE" || Name == "__dirstream")
      return nameProblem(Name);
  return "";
}

namespace {

// Whether constructors in a library, which is not compiled with the plugin, store the address of
// the class's virtual table. Those of a template are compiled here, unless that is declared away.
bool isLibraryClass(const RecordDecl &Record) {
  const auto *Class = llvm::dyn_cast_or_null<CXXRecordDecl>(Record.getDefinition());
  const SourceManager &SM = Record.getASTContext().getSourceManager();
  if (!Class || !SM.isInSystemHeader(Class->getLocation()) || !Class->isPolymorphic())
    return false;
  if (llvm::any_of(Class->bases(), [](const CXXBaseSpecifier &Base) {
        const CXXRecordDecl *BaseClass = Base.getType()->getAsCXXRecordDecl();
        return BaseClass && isLibraryClass(*BaseClass);
      }))
    return true;
  const auto *Instance = llvm::dyn_cast<ClassTemplateSpecializationDecl>(Class);
  return !Instance ||
         Instance->getTemplateSpecializationKind() == TSK_ExplicitInstantiationDeclaration;
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
      for (const CXXBaseSpecifier &Base : Class->bases()) {
        const CXXRecordDecl *BaseClass = Base.getType()->getAsCXXRecordDecl();
        if (BaseClass && isLibraryClass(*BaseClass))
          warn(
              Definition->getLocation(),
              "persistent class '%0' is derived from '%1', whose library stores the address of its "
              "own virtual table, which moves; hold the object by pointer in a transient field",
              plainName(*Definition), plainName(*BaseClass));
        if (BaseClass)
          visit(*BaseClass);
      }
    }
    for (const FieldDecl *Field : Definition->fields())
      visitField(*Field);
  }

  // The type of OWNER, a field or variable, or of what a container there holds.
  void visitType(QualType Type, const NamedDecl &Owner) {
    const RecordDecl *Record = Context.getBaseElementType(Type)->getAsRecordDecl();
    if (!Record)
      return;
    if (isLibraryClass(*Record) && !Warned.insert(&Owner).second)
      return; // an allocator names the elements again
    if (isLibraryClass(*Record))
      return warn(
          Owner.getLocation(),
          "'%0' is a '%1', whose library stores the address of its own virtual table, which "
          "moves; hold the object by pointer in a transient field",
          Owner.getName(), plainName(*Record));
    const auto *Container = llvm::dyn_cast<ClassTemplateSpecializationDecl>(Record);
    if (Container && Container->isInStdNamespace() && Seen.insert(Container).second)
      visitElements(*Container, Owner);
    // A type that is persistent itself is looked at on its own.
    if (!hasMark(*Record, mark::Persistent))
      visit(*Record);
  }

private:
  void visitField(const FieldDecl &Field) {
    if (!isRecordedField(Field))
      return;
    if (StringRef Problem = unsuitableType(Context, Field.getType()); !Problem.empty())
      return warn(Field.getLocation(),
                  "field '%0' of a persistent object is %1; mark it transient and set it after "
                  "recovery, or move it out of the object",
                  Field.getName(), Problem);
    visitType(Field.getType(), Field);
  }

  // What a container holds is as persistent as the container.
  void visitElements(const ClassTemplateSpecializationDecl &Container, const NamedDecl &Owner) {
    for (const TemplateArgument &Argument : Container.getTemplateArgs().asArray()) {
      if (Argument.getKind() != TemplateArgument::Type)
        continue;
      StringRef Problem = unsuitableType(Context, Argument.getAsType());
      if (!Problem.empty() && Warned.insert(&Owner).second)
        warn(
            Owner.getLocation(),
            "'%0' holds elements in the pool of which each is %1; keep them in a container that is "
            "not persistent",
            Owner.getName(), Problem);
      else
        visitType(Argument.getAsType(), Owner);
    }
  }

  template <unsigned N>
  void warn(SourceLocation Loc, const char (&Format)[N], StringRef First, StringRef Second) {
    DiagnosticsEngine &Diags = Context.getDiagnostics();
    Diags.Report(Loc, Diags.getCustomDiagID(DiagnosticsEngine::Warning, Format)) << First << Second;
  }

  const ASTContext &Context;
  std::set<const RecordDecl *> Seen;
  std::set<const NamedDecl *> Warned;
};

} // namespace

void warnOfUnsuitableFields(const RecordDecl &Record) {
  Check(Record.getASTContext()).visit(Record);
}

void warnOfUnsuitableFields(const VarDecl &Root) {
  // Single fields of a mixed variable were chosen by hand.
  if (!hasMark(Root, mark::Persistent) || hasMark(Root, mark::Transient))
    return;
  Check(Root.getASTContext()).visitType(Root.getType(), Root);
}

} // namespace perdure
