// SPDX-License-Identifier: Apache-2.0
//
// Elements of persistent containers, and libstdc++'s extern templates. See standard_containers.h.
#include "standard_containers.h"

#include "marks.h"

#include "clang/AST/ASTContext.h"
#include "clang/AST/DeclTemplate.h"
#include "clang/AST/RecursiveASTVisitor.h"
#include "clang/Lex/PPCallbacks.h"
#include "clang/Lex/Preprocessor.h"
#include "llvm/Support/Path.h"

using namespace clang;
using llvm::StringRef;

namespace perdure {
namespace {

bool isStandard(const Decl &D) {
  StringRef Outermost;
  for (const DeclContext *Scope = D.getDeclContext(); Scope; Scope = Scope->getParent())
    if (const auto *Namespace = llvm::dyn_cast<NamespaceDecl>(Scope))
      Outermost = Namespace->getName();
  return Outermost == "std" || Outermost == "__gnu_cxx";
}

const ClassTemplateSpecializationDecl *standardTemplate(QualType Type) {
  const auto *Record =
      llvm::dyn_cast_or_null<ClassTemplateSpecializationDecl>(Type->getAsRecordDecl());
  return Record && isStandard(*Record) ? Record : nullptr;
}

// Calls the function for each type among the arguments, packs included.
template <typename Function>
void forEachType(llvm::ArrayRef<TemplateArgument> Arguments, Function Visit) {
  for (const TemplateArgument &Argument : Arguments)
    if (Argument.getKind() == TemplateArgument::Type)
      Visit(Argument.getAsType());
    else if (Argument.getKind() == TemplateArgument::Pack)
      forEachType(Argument.getPackAsArray(), Visit);
}

class RootWalk : public RecursiveASTVisitor<RootWalk> {
public:
  RootWalk(StandardContainers &Containers, const ASTContext &Context)
      : Containers(Containers), Context(Context) {}

  bool shouldVisitTemplateInstantiations() const { return true; }
  bool VisitVarDecl(VarDecl *V) {
    if (V->hasGlobalStorage() && !V->isTemplated() &&
        (hasMark(*V, mark::Persistent) || hasMark(*V, mark::Relaxed)))
      Containers.addPersistent(V->getType());
    return true;
  }
  bool VisitRecordDecl(RecordDecl *Record) {
    if (!Record->isTemplated() && hasMark(*Record, mark::Persistent))
      Containers.addPersistent(Context.getRecordType(Record));
    return true;
  }

private:
  StandardContainers &Containers;
  const ASTContext &Context;
};

class AllocatorWalk : public RecursiveASTVisitor<AllocatorWalk> {
public:
  AllocatorWalk(StandardContainers &Containers, std::set<std::string> &Records)
      : Containers(Containers), Records(Records) {}

  bool shouldVisitTemplateInstantiations() const { return true; }
  bool TraverseStmt(Stmt *) { return true; }
  bool VisitFunctionDecl(FunctionDecl *F) {
    if (!F->isTemplated() && F->getIdentifier() && F->isThisDeclarationADefinition() &&
        isStandard(*F))
      Containers.decide(*F, Records);
    return true;
  }

private:
  StandardContainers &Containers;
  std::set<std::string> &Records;
};

} // namespace

void StandardContainers::mark(StringRef MainFile, std::vector<std::string> &Records) {
  if (!Context.getLangOpts().CPlusPlus)
    return;
  TranslationUnitDecl *Unit = Context.getTranslationUnitDecl();
  RootWalk(*this, Context).TraverseDecl(Unit);
  std::set<std::string> Decided;
  AllocatorWalk(*this, Decided).TraverseDecl(Unit);
  for (const std::string &Decision : Decided)
    Records.push_back(Decision + "\t" + MainFile.str());
}

void StandardContainers::addPersistent(QualType Type) { addHeld(Type); }

// The object holds TYPE by value: what do containers in it hold?
void StandardContainers::addHeld(QualType Type) {
  Type = Context.getBaseElementType(Type);
  const RecordDecl *Record = Type->getAsRecordDecl();
  Record = Record ? Record->getDefinition() : nullptr;
  if (!Record || Record->isDependentType() || !Walked.insert(Record).second)
    return;
  if (const auto *Container = standardTemplate(Type))
    return addArguments(*Container);
  if (const auto *Class = llvm::dyn_cast<CXXRecordDecl>(Record))
    for (const CXXBaseSpecifier &Base : Class->bases())
      addHeld(Base.getType());
  for (const FieldDecl *Field : Record->fields())
    if (isRecordedField(*Field))
      addHeld(Field->getType());
}

void StandardContainers::addArguments(const ClassTemplateSpecializationDecl &Container) {
  StringRef Name = Container.getName();
  HasHashTable |= Name.starts_with("unordered_");
  bool First = true;
  forEachType(Container.getTemplateArgs().asArray(), [&](QualType Argument) {
    addElement(Argument);
    if (First && Name == "deque") // its map of blocks
      addElement(Context.getPointerType(Argument));
    if (First && Name == "vector" && Argument->isBooleanType()) // packed
      addElement(Context.UnsignedLongTy);
    First = false;
  });
}

void StandardContainers::addElement(QualType Type) {
  Elements.insert(Context.getCanonicalType(Type).getUnqualifiedType().getTypePtr());
  addHeld(Type);
}

bool StandardContainers::isPoolElement(QualType Type) const {
  Type = Context.getCanonicalType(Type).getUnqualifiedType();
  if (Elements.count(Type.getTypePtr()))
    return true;
  if (const RecordDecl *Record = Type->getAsRecordDecl();
      Record && hasMark(*Record, mark::Persistent))
    return true;
  // The buckets of a hash table have the same type whatever it holds.
  if (Type->isPointerType() && HasHashTable)
    if (const RecordDecl *Record = Type->getPointeeType()->getAsRecordDecl())
      return Record->getName() == "_Hash_node_base" && isStandard(*Record);
  // A node around an element.
  bool Result = false;
  if (const auto *Node = standardTemplate(Type))
    forEachType(Node->getTemplateArgs().asArray(),
                [&](QualType Argument) { Result |= isPoolElement(Argument); });
  return Result;
}

void StandardContainers::decide(FunctionDecl &F, std::set<std::string> &Records) {
  QualType Element;
  if (F.getName() == "make_unique" || F.getName() == "make_unique_for_overwrite") {
    if (const TemplateArgumentList *Arguments = F.getTemplateSpecializationArgs())
      forEachType(Arguments->asArray().take_front(), [&](QualType Type) { Element = Type; });
  } else if (F.getName() == "allocate") {
    // The base class of std::allocator: what is evaluated at compile time does not come here.
    const auto *Class = llvm::dyn_cast<ClassTemplateSpecializationDecl>(F.getDeclContext());
    if (Class && (Class->getName() == "__new_allocator" || Class->getName() == "new_allocator"))
      forEachType(Class->getTemplateArgs().asArray().take_front(),
                  [&](QualType Type) { Element = Type; });
  }
  if (Element.isNull())
    return;
  bool InPool = isPoolElement(Context.getBaseElementType(Element));
  if (InPool)
    addMark(F, mark::Allocates, "", F.getLocation());
  PrintingPolicy Policy(Context.getLangOpts());
  Policy.SuppressTagKeyword = true;
  Records.insert(std::string("element\t") + (InPool ? "pool\t" : "volatile\t") +
                 Element.getCanonicalType().getAsString(Policy));
}

namespace {

// While a header in the list is read, _GLIBCXX_EXTERN_TEMPLATE is 0.
class ExternTemplates : public PPCallbacks {
public:
  explicit ExternTemplates(Preprocessor &PP) : PP(PP) {}

  void FileChanged(SourceLocation Loc, FileChangeReason, SrcMgr::CharacteristicKind,
                   FileID) override {
    PresumedLoc Place = PP.getSourceManager().getPresumedLoc(Loc);
    if (Place.isInvalid())
      return;
    StringRef Name = llvm::sys::path::filename(Place.getFilename());
    bool Instantiate = Name == "basic_string.tcc" || Name == "sstream.tcc" || Name == "allocator.h";
    setExternTemplate(Instantiate ? "0" : nullptr);
  }

private:
  // The macro's definition is one number; null gives it back its own.
  void setExternTemplate(const char *Text) {
    MacroInfo *Macro = PP.getMacroInfo(PP.getIdentifierInfo("_GLIBCXX_EXTERN_TEMPLATE"));
    if (!Macro || Macro->getNumTokens() != 1)
      return;
    auto &Number = const_cast<Token &>(*Macro->tokens_begin());
    if (!Number.is(tok::numeric_constant) || Number.getLength() != 1)
      return;
    if (Macro != Changed)
      Own = Number.getLiteralData();
    Changed = Macro;
    Number.setLiteralData(Text ? Text : Own);
  }

  Preprocessor &PP;
  const MacroInfo *Changed = nullptr;
  const char *Own = nullptr;
};

} // namespace

void compileStringMembers(Preprocessor &PP) {
  PP.addPPCallbacks(std::make_unique<ExternTemplates>(PP));
}

} // namespace perdure
