// SPDX-License-Identifier: Apache-2.0
//
// Marks as AnnotateAttr, and the names of entities. See marks.h.
#include "marks.h"

#include "clang/AST/ASTContext.h"
#include "clang/AST/Attr.h"
#include "clang/AST/Decl.h"
#include "clang/AST/DeclCXX.h"
#include "llvm/ADT/SmallVector.h"

using namespace clang;
using llvm::StringRef;

namespace perdure {

static constexpr llvm::StringLiteral Prefix = "perdure.";

// Splits "perdure.MARK:ARG"; false if the annotation is not one of ours with this mark.
static bool isMark(StringRef Annotation, StringRef Mark, StringRef &Argument) {
  if (!Annotation.consume_front(Prefix) || !Annotation.consume_front(Mark))
    return false;
  if (!Annotation.empty() && !Annotation.consume_front(":"))
    return false;
  Argument = Annotation;
  return true;
}

// What an entity was instantiated from; marks put on it later than the instantiation count too.
static const Decl *patternOf(const Decl &D) {
  if (const auto *Function = llvm::dyn_cast<FunctionDecl>(&D))
    return Function->getTemplateInstantiationPattern();
  if (const auto *Record = llvm::dyn_cast<CXXRecordDecl>(&D))
    return Record->getTemplateInstantiationPattern();
  if (const auto *Variable = llvm::dyn_cast<VarDecl>(&D))
    return Variable->getTemplateInstantiationPattern();
  return nullptr;
}

static void collect(const Decl &D, StringRef Mark, std::vector<StringRef> &Arguments) {
  for (const Decl *Redecl : D.redecls())
    for (const auto *A : Redecl->specific_attrs<AnnotateAttr>()) {
      StringRef Argument;
      if (isMark(A->getAnnotation(), Mark, Argument) && !llvm::is_contained(Arguments, Argument))
        Arguments.push_back(Argument);
    }
}

std::vector<StringRef> markArguments(const Decl &D, StringRef Mark) {
  std::vector<StringRef> Arguments;
  collect(D, Mark, Arguments);
  if (const Decl *Pattern = patternOf(D))
    collect(*Pattern, Mark, Arguments);
  return Arguments;
}

std::optional<StringRef> findMark(const Decl &D, StringRef Mark) {
  std::vector<StringRef> Arguments = markArguments(D, Mark);
  return Arguments.empty() ? std::nullopt : std::optional(Arguments.front());
}

void addMark(Decl &D, StringRef Mark, StringRef Argument, SourceLocation Loc) {
  std::string Text = (Prefix + Mark).str();
  if (!Argument.empty())
    Text += (":" + Argument).str();
  for (const auto *A : D.specific_attrs<AnnotateAttr>())
    if (A->getAnnotation() == Text)
      return;
  D.addAttr(AnnotateAttr::CreateImplicit(D.getASTContext(), Text, nullptr, 0, SourceRange(Loc)));
}

bool isRecordedField(const Decl &Field) {
  for (StringRef Kind : markArguments(Field, mark::Field))
    if (Kind == mark::Transient || Kind == mark::Lock)
      return false;
  return true;
}

static bool isArgument(StringRef Text) {
  unsigned Index;
  return Text.consume_front("a") && !Text.getAsInteger(10, Index);
}

static bool isLength(StringRef Text) {
  unsigned long long Bytes;
  if (Text == "ret" || Text == "string" || Text == "object" || isArgument(Text) ||
      !Text.getAsInteger(10, Bytes))
    return true;
  auto [Left, Right] = Text.split('*');
  return isArgument(Left) && isArgument(Right);
}

bool isWritesModel(StringRef Model) {
  if (Model == "none")
    return true;
  llvm::SmallVector<StringRef, 4> Parts;
  Model.split(Parts, ',');
  return llvm::all_of(Parts, [](StringRef Part) {
    auto [Argument, Length] = Part.split(':');
    unsigned Index;
    return (Argument == "ret" || !Argument.getAsInteger(10, Index)) && isLength(Length);
  });
}

static std::string ownName(const NamedDecl &D) {
  if (const auto *Tag = llvm::dyn_cast<TagDecl>(&D))
    if (const TypedefNameDecl *Typedef = Tag->getTypedefNameForAnonDecl())
      return Typedef->getNameAsString();
  return D.getNameAsString();
}

std::string plainName(const NamedDecl &D) {
  std::string Name = ownName(D);
  for (const DeclContext *Context = D.getDeclContext(); Context; Context = Context->getParent()) {
    const auto *Named = llvm::dyn_cast<NamedDecl>(Context);
    if (!Named)
      continue;
    // C records lie in the scope they were written in, but are not named by it.
    if (llvm::isa<TagDecl>(Named) && !D.getASTContext().getLangOpts().CPlusPlus)
      continue;
    if (const auto *Namespace = llvm::dyn_cast<NamespaceDecl>(Named))
      if (Namespace->isAnonymousNamespace() || Namespace->isInline())
        continue;
    Name = ownName(*Named) + "::" + Name;
  }
  return Name;
}

} // namespace perdure
