// SPDX-License-Identifier: Apache-2.0
//
// By the parents of the write: what is not sequenced with it may come in between.
#include "settling_calls.h"

#include "../marks.h"

#include "clang/AST/Attr.h"
#include "clang/AST/ParentMapContext.h"
#include "clang/Basic/Builtins.h"
#include "clang/Basic/SourceManager.h"
#include "llvm/ADT/StringSet.h"

using namespace clang;
using llvm::dyn_cast;

namespace perdure {
namespace {

// Functions of libc that neither the runtime stands in for nor call back.
const llvm::StringSet<> &harmless() {
  static const llvm::StringSet<> Names = {"strlen",
                                          "strnlen",
                                          "strcmp",
                                          "strncmp",
                                          "strcasecmp",
                                          "strncasecmp",
                                          "memcmp",
                                          "memchr",
                                          "strchr",
                                          "strrchr",
                                          "strstr",
                                          "strspn",
                                          "strcspn",
                                          "memcpy",
                                          "memmove",
                                          "memset",
                                          "time",
                                          "clock",
                                          "htons",
                                          "htonl",
                                          "ntohs",
                                          "ntohl",
                                          "abs",
                                          "labs",
                                          "atoi",
                                          "atol",
                                          "atoll",
                                          "atof",
                                          "strtol",
                                          "strtoul",
                                          "strtoll",
                                          "strtoull",
                                          "strtod",
                                          "tolower",
                                          "toupper",
                                          "isalnum",
                                          "isdigit",
                                          "isspace",
                                          "isalpha",
                                          "isupper",
                                          "islower",
                                          "rand",
                                          "random",
                                          "lrand48",
                                          "getpid",
                                          "getenv",
                                          "pthread_self",
                                          "__ctype_b_loc",
                                          "__ctype_tolower_loc",
                                          "__ctype_toupper_loc",
                                          "__errno_location"};
  return Names;
}

bool isSequencing(const Expr &E) {
  if (const auto *Binary = dyn_cast<BinaryOperator>(&E))
    return Binary->isLogicalOp() || Binary->isCommaOp();
  return llvm::isa<AbstractConditionalOperator, StmtExpr>(E);
}

} // namespace

bool isLibraryFunction(const FunctionDecl &F) {
  const SourceManager &SM = F.getASTContext().getSourceManager();
  return F.getBuiltinID() || llvm::any_of(F.redecls(), [&](const FunctionDecl *Each) {
           return SM.isInSystemHeader(Each->getLocation());
         });
}

bool SettlingCalls::maySettle(const FunctionDecl &F) {
  const FunctionDecl *Definition = nullptr;
  F.hasBody(Definition);
  llvm::StringRef Name = F.getIdentifier() ? F.getName() : "";
  Name.consume_front("__builtin_");
  if (!Definition && isLibraryFunction(F) && harmless().contains(Name))
    return false;
  if (unsigned ID = F.getBuiltinID()) // the rest are instructions
    return Context.BuiltinInfo.isPredefinedLibFunction(ID) || Context.BuiltinInfo.isLibFunction(ID);
  for (llvm::StringRef Mark : {mark::Transaction, mark::CommitPoint, mark::GatedOutput,
                               mark::RunThenRestore, mark::RunRecovery, mark::SkipIfRecovered})
    if (hasMark(F, Mark))
      return true;
  if (!Definition)
    return true;
  auto [Entry, IsNew] = Known.try_emplace(Definition, true); // for recursion
  if (!IsNew)
    return Entry->second;
  bool Result = mayCall(*Definition->getBody());
  Known[Definition] = Result;
  return Result;
}

bool SettlingCalls::maySettle(const CallExpr &Call) {
  const FunctionDecl *Callee = Call.getDirectCallee();
  return !Callee || maySettle(*Callee);
}

bool SettlingCalls::mayCall(const Stmt &S) {
  if (const auto *Call = dyn_cast<CallExpr>(&S); Call && maySettle(*Call))
    return true;
  if (const auto *Declarations = dyn_cast<DeclStmt>(&S))
    for (const Decl *D : Declarations->decls())
      if (const auto *Cleanup = D->getAttr<CleanupAttr>();
          Cleanup && maySettle(*Cleanup->getFunctionDecl()))
        return true;
  for (const Stmt *Child : S.children())
    if (Child && mayCall(*Child))
      return true;
  return false;
}

bool SettlingCalls::mayPrecedeStore(const Expr &Write) {
  if (const auto *Binary = dyn_cast<BinaryOperator>(&Write); Binary && mayCall(*Binary->getRHS()))
    return true;
  const Expr *Inner = &Write;
  while (true) {
    const Expr *Outer = nullptr;
    for (const DynTypedNode &Node : Context.getParents(*Inner))
      if (!Outer)
        Outer = Node.get<Expr>();
    if (!Outer || llvm::isa<StmtExpr>(Outer))
      return false;
    if (!isSequencing(*Outer))
      for (const Stmt *Sibling : Outer->children())
        if (Sibling && Sibling != Inner && mayCall(*Sibling))
          return true;
    Inner = Outer;
  }
}

} // namespace perdure
