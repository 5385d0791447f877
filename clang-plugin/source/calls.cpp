// SPDX-License-Identifier: Apache-2.0
#include "calls.h"

#include "../allocation_calls.h"
#include "../libc_models.h"
#include "../marks.h"

#include "clang/AST/Attr.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringSet.h"

using namespace clang;
using llvm::dyn_cast;
using llvm::StringRef;

namespace perdure {
namespace {

// Those that <perdure/source.h> has under the name perdure_NAME: they record what was written.
const llvm::StringSet<> &wrapped() {
  static const llvm::StringSet<> Names = {"memcpy",  "memmove",  "memset",    "mempcpy", "bzero",
                                          "strcpy",  "strncpy",  "strcat",    "strncat", "stpcpy",
                                          "sprintf", "snprintf", "vsnprintf", "read",    "pread",
                                          "recv",    "fread",    "fgets",     "readv"};
  return Names;
}

// Of these, those that write what no argument points to: the string that an argument's pointer is
// in.
bool writesBehindArguments(StringRef Name) {
  return Name == "strsep" || Name == "strtok" || Name == "strtok_r";
}

const FieldDecl *fieldAt(const Expr &Pointer) {
  const auto *Address = dyn_cast<UnaryOperator>(Pointer.IgnoreParenCasts());
  const auto *Member = Address && Address->getOpcode() == UO_AddrOf
                           ? dyn_cast<MemberExpr>(Address->getSubExpr()->IgnoreParens())
                           : nullptr;
  return Member ? dyn_cast<FieldDecl>(Member->getMemberDecl()) : nullptr;
}

StringRef plainNameOf(const FunctionDecl &F) {
  StringRef Name = F.getIdentifier() ? F.getName() : "";
  Name.consume_front("__builtin_");
  return Name;
}

} // namespace

void PortedCalls::rename(const CallExpr &Call, StringRef Name, StringRef Kind) {
  Editor.replace(Call.getCallee()->IgnoreParenImpCasts()->getSourceRange(), Name, Kind);
}

bool PortedCalls::allocation(const CallExpr &Call, const FunctionDecl &Callee,
                             const FunctionDecl *In) {
  StringRef Name = plainNameOf(Callee);
  if (Callee.isImplicit() && Name.starts_with("perdure_")) { // retargeted by its type
    rename(Call, Name, "allocation");
    return true;
  }
  bool FromPool =
      In && !hasMark(*In, mark::VolatileHeap) && (WholeHeap || hasMark(*In, mark::Allocates));
  StringRef Pool = FromPool ? poolAllocatorNamed(Name) : "";
  if (Pool.empty() || !Editor.isProgram(Call.getBeginLoc()))
    return false;
  rename(Call, Pool, "allocation");
  return true;
}

bool PortedCalls::unitLock(const CallExpr &Call, const FunctionDecl &Callee) {
  if (Call.getNumArgs() == 0)
    return false;
  const FieldDecl *Field = fieldAt(*Call.getArg(0));
  bool IsLock = Field && llvm::is_contained(markArguments(*Field, mark::Field), mark::Lock);
  StringRef Name = plainNameOf(Callee);
  if (!IsLock || (Name != "pthread_mutex_lock" && Name != "pthread_mutex_trylock"))
    return false;
  rename(Call,
         Name == "pthread_mutex_lock" ? "perdure_unit_mutex_lock" : "perdure_unit_mutex_trylock",
         "unit");
  return true;
}

// The runtime is told before the arguments are evaluated; that must make no difference.
bool PortedCalls::argumentsAreQuiet(const CallExpr &Call, StringRef What) {
  for (const Expr *Argument : Call.arguments())
    if (Argument->HasSideEffects(Editor.Context)) {
      Editor.error(Argument->getBeginLoc(), "this argument of a " + What +
                                                " has effects of its own; put its value into a "
                                                "variable first");
      return false;
    }
  return true;
}

void PortedCalls::jumpTarget(const CallExpr &Call) {
  // pthread_cleanup_push of glibc.
  const SourceManager &SM = Editor.Context.getSourceManager();
  if (!Editor.spelled(Call.getSourceRange()) &&
      SM.getFilename(SM.getSpellingLoc(Call.getBeginLoc())).ends_with("/pthread.h"))
    return Editor.left(Call.getBeginLoc(), "setjmp", "of a cleanup handler: its thread ends");
  Editor.wrap(Call.getSourceRange(), "PERDURE_SETJMP(", ")", "setjmp");
}

void PortedCalls::bounds(const CallExpr &Call, const FunctionDecl &Callee) {
  if (Callee.hasAttr<ReturnsTwiceAttr>() || Callee.getBuiltinID() == Builtin::BI_setjmp ||
      Callee.getBuiltinID() == Builtin::BIsetjmp || plainNameOf(Callee) == "__sigsetjmp")
    jumpTarget(Call);
  if (hasMark(Callee, mark::CommitPoint) && !Callee.isDefined() &&
      argumentsAreQuiet(Call, "commit point"))
    Editor.wrap(Call.getSourceRange(),
                Call.getType()->isVoidType() ? "PERDURE_PAUSED_VOID(" : "PERDURE_PAUSED(", ")",
                "commit point");
  if (hasMark(Callee, mark::GatedOutput) && !Callee.isDefined() &&
      argumentsAreQuiet(Call, "gated output"))
    Editor.wrap(Call.getSourceRange(), "(perdure_output_wait(), ", ")", "gated output");
}

// Every pointer through which the function may write: the object around it.
void PortedCalls::writesAll(const CallExpr &Call, StringRef Kind) {
  for (const Expr *Argument : Call.arguments()) {
    QualType Type = Argument->getType();
    if (Type->isPointerType() && !Type->isFunctionPointerType() &&
        !Type->getPointeeType().isConstQualified() && !Where.pointsToVolatile(*Argument))
      Written.argument(*Argument, "", Kind);
  }
}

void PortedCalls::modelled(const CallExpr &Call, const FunctionDecl &Callee) {
  StringRef Name = plainNameOf(Callee);
  StringRef Model = findMark(Callee, mark::Writes).value_or(modelOf(Callee.getName()));
  if (Model.empty())
    Model = modelOf(Name);
  if (Model == "none")
    return;
  llvm::SmallVector<StringRef, 4> Ranges;
  Model.split(Ranges, ',');
  bool Direct = true, Possible = false;
  llvm::SmallVector<std::pair<unsigned, StringRef>, 4> Targets;
  for (StringRef Range : Ranges) {
    auto [Target, Length] = Range.split(':');
    unsigned Index;
    if (Target.getAsInteger(10, Index) || Length == "iovec" || Length.starts_with("message")) {
      Direct = false;
    } else if (Index < Call.getNumArgs() && !Where.pointsToVolatile(*Call.getArg(Index))) {
      Possible = true;
      Targets.push_back({Index, Length});
    }
  }
  if (writesBehindArguments(Name))
    return rename(Call, ("perdure_" + Name).str(), "modelled call");
  if (Name == "getline" || Name == "getdelim" || Name == "__getdelim")
    return rename(Call, Name == "getline" ? "perdure_libc_getline" : "perdure_libc_getdelim",
                  "modelled call");
  if (Name == "iconv")
    return Editor.error(Call.getBeginLoc(), "what 'iconv' writes cannot be recorded in source; "
                                            "compile this file with perdure-clang");
  if (Possible || !Direct)
    if (wrapped().contains(Name) && llvm::any_of(Call.arguments(), [&](const Expr *Argument) {
          return Argument->getType()->isPointerType() && !Where.pointsToVolatile(*Argument);
        })) {
      // By address at run time: what is copied into a buffer on the stack needs no other function.
      unsigned First = Name == "read" || Name == "pread" || Name == "recv" || Name == "readv";
      if (First < Call.getNumArgs() && Where.pointsToVolatile(*Call.getArg(First)))
        return;
      return rename(Call, ("perdure_" + Name).str(), "modelled call");
    }
  if (Settling.mayCall(*Call.getCallee()))
    return;
  for (const Expr *Argument : Call.arguments())
    if ((Possible || !Direct) && Settling.mayCall(*Argument))
      return Editor.error(Argument->getBeginLoc(),
                          "this call may come between the entries of what '" + Name +
                              "' writes and its doing so; put its value into a variable first");
  if (!Direct)
    return writesAll(Call, "modelled call");
  for (auto [Index, Length] : Targets) {
    uint64_t Bytes;
    Written.argument(*Call.getArg(Index), Length.getAsInteger(10, Bytes) ? StringRef() : Length,
                     "modelled call");
  }
}

void PortedCalls::unknown(const CallExpr &Call, const FunctionDecl &Callee) {
  bool Warned = false;
  for (const Expr *Argument : Call.arguments()) {
    QualType Type = Argument->getType();
    if (!Type->isPointerType() || Type->isFunctionPointerType() ||
        Type->getPointeeType().isConstQualified() || Where.pointsToVolatile(*Argument))
      continue;
    if (!Warned)
      Editor.warn(
          Call.getBeginLoc(),
          "'" + Callee.getNameAsString() +
              "' may write persistent memory: the objects around its arguments are recorded; "
              "say what it writes in the port file: extern_writes: {" +
              Callee.getNameAsString() + ": none}");
    Warned = true;
    if (Settling.mayCall(*Argument))
      return Editor.error(Argument->getBeginLoc(),
                          "put the value of this call into a variable first");
    Written.argument(*Argument, "", "unknown call");
  }
}

void PortedCalls::visit(const CallExpr &Call, const FunctionDecl *In) {
  const FunctionDecl *Callee = Call.getDirectCallee();
  if (!Callee)
    return; // the function behind the pointer is ported, or a pin that leads to one that is not
  if (allocation(Call, *Callee, In) || unitLock(Call, *Callee))
    return;
  bounds(Call, *Callee);
  StringRef Name = plainNameOf(*Callee);
  if (Name.starts_with("__sync_") && Call.getNumArgs() > 0)
    return Written.argument(*Call.getArg(0),
                            "sizeof *(" + Editor.text(Call.getArg(0)->getSourceRange()) + ")",
                            "atomic");
  bool Known = hasMark(*Callee, mark::Writes) || !modelOf(Callee->getName()).empty() ||
               (Callee->getBuiltinID() && !modelOf(Name).empty());
  if (Known && !Callee->hasBody())
    return modelled(Call, *Callee);
  if (Callee->getBuiltinID() || Name.starts_with("perdure_"))
    return;
  bool Library = Editor.Context.getSourceManager().isInSystemHeader(Callee->getLocation());
  if (Library && !Callee->hasBody())
    unknown(Call, *Callee);
}

} // namespace perdure
