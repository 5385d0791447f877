// SPDX-License-Identifier: Apache-2.0
//
// See proposal_types.h.
#include "proposal_types.h"

#include "marks.h"
#include "unsuitable_fields.h"

#include "clang/AST/ASTContext.h"
#include "clang/AST/DeclTemplate.h"
#include "clang/Basic/SourceManager.h"
#include "llvm/Support/Path.h"

using namespace clang;
using llvm::StringRef;

namespace perdure {
namespace {

bool isDescriptor(QualType Type, StringRef Name) {
  std::string Lower = Name.lower();
  return Type->isSpecificBuiltinType(BuiltinType::Int) &&
         (StringRef(Lower).ends_with("fd") || StringRef(Lower).ends_with("fds") ||
          StringRef(Lower).contains("sock") || Lower == "epoll");
}

// Records of the program that a standard container holds.
void addElements(const ASTContext &Context, const ClassTemplateSpecializationDecl &Container,
                 std::vector<std::string> &Records) {
  for (const TemplateArgument &Argument : Container.getTemplateArgs().asArray()) {
    if (Argument.getKind() != TemplateArgument::Type)
      continue;
    ProposalType Element = proposalType(Context, Argument.getAsType(), "");
    Records.insert(Records.end(), Element.Records.begin(), Element.Records.end());
  }
}

ProposalType ofRecord(const ASTContext &Context, const RecordDecl &Record, StringRef OwnKind) {
  if (const auto *Container = llvm::dyn_cast<ClassTemplateSpecializationDecl>(&Record);
      Container && Container->isInStdNamespace()) {
    ProposalType Result{OwnKind == "record" ? "container" : "data", {}};
    addElements(Context, *Container, Result.Records);
    return Result;
  }
  if (Context.getSourceManager().isInSystemHeader(Record.getLocation()))
    return {Record.isInStdNamespace() || OwnKind == "record" ? "data" : "library", {}};
  return {OwnKind.str(), {recordName(Record)}};
}

} // namespace

std::string recordName(const RecordDecl &Record) {
  std::string Name = plainName(Record);
  if (!Name.empty() && !StringRef(Name).ends_with("::"))
    return Name;
  const SourceManager &SM = Record.getASTContext().getSourceManager();
  PresumedLoc Place = SM.getPresumedLoc(Record.getLocation());
  return "unnamed:" + llvm::sys::path::filename(Place.getFilename()).str() + ":" +
         std::to_string(Place.getLine()) + ":" + std::to_string(Place.getColumn());
}

bool isLock(const ASTContext &Context, QualType Type) {
  return unsuitableType(Context, Type).starts_with("a lock");
}

ProposalType proposalType(const ASTContext &Context, QualType Type, StringRef Name) {
  Type = Context.getBaseElementType(Type);
  if (StringRef Problem = unsuitableType(Context, Type); !Problem.empty())
    return {Problem.starts_with("a lock") ? "lock" : "handle", {}};
  if (isDescriptor(Type, Name))
    return {"handle", {}};
  if (const RecordDecl *Record = Type->getAsRecordDecl())
    return ofRecord(Context, *Record, "record");
  bool IsPointer = false;
  while (!Type->getPointeeType().isNull()) {
    IsPointer = true;
    Type = Context.getBaseElementType(Type->getPointeeType());
  }
  if (IsPointer && Type->isFunctionType())
    return {"function", {}};
  if (IsPointer && isLock(Context, Type))
    return {"lock", {}};
  if (const RecordDecl *Record = Type->getAsRecordDecl(); Record && IsPointer)
    return ofRecord(Context, *Record, "pointer");
  return {};
}

} // namespace perdure
