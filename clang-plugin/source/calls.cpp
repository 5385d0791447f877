// SPDX-License-Identifier: Apache-2.0
#include "calls.h"

#include "../allocation_calls.h"
#include "../libc_models.h"
#include "../marks.h"

#include "clang/AST/Attr.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
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
                                          "recv",    "fread",    "fgets",     "readv",   "qsort"};
  return Names;
}

// Likewise; they write what no argument points to: the string that an argument's pointer is in, the
// buffers of an array.
bool writesBehindArguments(StringRef Name) {
  return Name == "strsep" || Name == "strtok" || Name == "strtok_r" || Name == "readv";
}

// A model (libc_models.h), as far as arguments are what it writes.
struct WrittenArguments {
  llvm::SmallVector<std::pair<unsigned, StringRef>, 4> Known; // index, length
  bool Others = false;                                        // what they lead to, results
  bool Buffers = false;                                       // of a structure
};
WrittenArguments argumentsOf(StringRef Model) {
  WrittenArguments Result;
  llvm::SmallVector<StringRef, 4> Ranges;
  Model.split(Ranges, ',', -1, /*KeepEmpty=*/false);
  for (StringRef Range : Ranges) {
    auto [Target, Length] = Range.split(':');
    unsigned Index;
    if (Length == "iovec" || Length.starts_with("message"))
      Result.Buffers = true;
    else if (Target.getAsInteger(10, Index))
      Result.Others = true;
    else
      Result.Known.push_back({Index, Length});
  }
  return Result;
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
  // The contents are recorded, but not where the caller wants the block's address.
  recordKnown(Call, argumentsOf(modelOf(Pool)).Known, "allocation");
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

// Places of perdure_written_ in <perdure/source.h>.
constexpr size_t MostWritten = 8;

void PortedCalls::recordAfter(const CallExpr &Call, llvm::ArrayRef<Written> Arguments,
                              StringRef Kind) {
  if (Arguments.empty())
    return;
  if (Arguments.size() > MostWritten)
    return Editor.error(Call.getBeginLoc(), "this call may write through more than 8 arguments; "
                                            "divide it, or compile this file with perdure-clang");
  Editor.wrap(Call.getSourceRange(),
              Call.getType()->isVoidType() ? "PERDURE_CALL_VOID(" : "PERDURE_CALL(", ")", Kind);
  for (auto [Pointer, Length] : Arguments) {
    if (Length.empty())
      Editor.wrap(Pointer->getSourceRange(), "PERDURE_OBJECT(", ")", "written argument");
    else
      Editor.wrap(Pointer->getSourceRange(), "PERDURE_RANGE(", (", " + Length + ")").str(),
                  "written argument");
  }
}

bool PortedCalls::mayBeWritten(const Expr &Argument) const {
  QualType Type = Argument.getType();
  return Type->isPointerType() && !Type->isFunctionPointerType() &&
         !Type->getPointeeType().isConstQualified() && !Where.pointsToVolatile(Argument);
}

// The objects around all pointers through which the function may write.
void PortedCalls::recordAll(const CallExpr &Call, StringRef Kind) {
  llvm::SmallVector<Written, 4> Arguments;
  for (const Expr *Argument : Call.arguments())
    if (mayBeWritten(*Argument))
      Arguments.push_back({Argument, ""});
  recordAfter(Call, Arguments, Kind);
}

void PortedCalls::recordKnown(const CallExpr &Call,
                              llvm::ArrayRef<std::pair<unsigned, StringRef>> Known,
                              StringRef Kind) {
  llvm::SmallVector<Written, 4> Arguments;
  for (auto [Index, Length] : Known) {
    uint64_t Bytes;
    if (Index < Call.getNumArgs() && !Where.pointsToVolatile(*Call.getArg(Index)))
      Arguments.push_back({Call.getArg(Index), Length.getAsInteger(10, Bytes) ? "" : Length});
  }
  recordAfter(Call, Arguments, Kind);
}

void PortedCalls::countConversion(const CallExpr &Call, StringRef Name) {
  std::optional<unsigned> Index = formatArgumentOf(Name);
  const auto *Format = Index && *Index < Call.getNumArgs()
                           ? dyn_cast<clang::StringLiteral>(Call.getArg(*Index)->IgnoreParenCasts())
                           : nullptr;
  if (!Format || !Format->isOrdinary() || !hasCountConversion(Format->getString()))
    return;
  for (unsigned I = *Index + 1; I < Call.getNumArgs(); ++I)
    if (mayBeWritten(*Call.getArg(I)))
      Editor.error(Call.getArg(I)->getBeginLoc(),
                   "%n writes through an argument; let it write to a local variable");
}

void PortedCalls::modelled(const CallExpr &Call, const FunctionDecl &Callee) {
  StringRef Name = plainNameOf(Callee);
  StringRef Model = findMark(Callee, mark::Writes).value_or(modelOf(Callee.getName()));
  if (Model.empty())
    Model = modelOf(Name);
  countConversion(Call, Name);
  if (Model == "none")
    return;
  if (writesBehindArguments(Name))
    return rename(Call, ("perdure_" + Name).str(), "modelled call");
  if (Name == "getline" || Name == "getdelim" || Name == "__getdelim")
    return rename(Call, Name == "getline" ? "perdure_libc_getline" : "perdure_libc_getdelim",
                  "modelled call");
  WrittenArguments Arguments = argumentsOf(Model);
  if (Arguments.Buffers || Name == "iconv" || Name == "__strtok_r")
    return Editor.error(Call.getBeginLoc(), "what '" + Name +
                                                "' writes cannot be recorded in source; compile "
                                                "this file with perdure-clang");
  if (Arguments.Others)
    return recordAll(Call, "modelled call");
  // By address at run time: what is copied into a buffer on the stack needs no other function.
  if (wrapped().contains(Name)) {
    if (llvm::any_of(Arguments.Known, [&](auto Each) {
          return Each.first < Call.getNumArgs() &&
                 !Where.pointsToVolatile(*Call.getArg(Each.first));
        }))
      rename(Call, ("perdure_" + Name).str(), "modelled call");
    return;
  }
  recordKnown(Call, Arguments.Known, "modelled call");
}

bool PortedCalls::mayWrite(const CallExpr &Call) const {
  return llvm::any_of(Call.arguments(), [&](const Expr *E) { return mayBeWritten(*E); });
}

// Ported with its own unit, if it has one; perdure-port looks when it has seen all.
void PortedCalls::elsewhere(const CallExpr &Call, const FunctionDecl &Callee) {
  const SourceManager &SM = Editor.Context.getSourceManager();
  if (mayWrite(Call))
    Editor.Unit.Undefined.try_emplace(
        Callee.getNameAsString(),
        UndefinedCall{SM.getExpansionLoc(Call.getBeginLoc()).printToString(SM), Strict});
}

void PortedCalls::unknown(const CallExpr &Call, const FunctionDecl &Callee) {
  if (!mayWrite(Call))
    return;
  std::string Name = Callee.getNameAsString(),
              Message = "'" + Name +
                        "' may write persistent memory: the objects around its arguments are "
                        "recorded; say what it writes in the port file: extern_writes: {" +
                        Name + ": none}";
  Strict ? Editor.error(Call.getBeginLoc(), Message) : Editor.warn(Call.getBeginLoc(), Message);
  recordAll(Call, "unknown call");
}

// Functions that the compiler has itself, most of them instructions. False: it may do anything.
bool PortedCalls::instruction(const CallExpr &Call, const FunctionDecl &Callee, bool Relaxed) {
  StringRef Name = Callee.getName();
  if (Name.starts_with("__sync_") || Name == "__atomic_test_and_set" || Name == "__atomic_clear") {
    if (Call.getNumArgs() > 0)
      Writing.atomic(Call, *Call.getArg(0), Relaxed);
    return true;
  }
  if (!Callee.getBuiltinID())
    return false;
  if (Name.starts_with("__builtin_va_")) {
    if (mayWrite(Call))
      Editor.left(Call.getBeginLoc(), "va_list", "a va_list belongs to a call and is never kept");
    return true;
  }
  // The sum or the carry goes to the last argument.
  if (Name.ends_with("_overflow") || Name.starts_with("__builtin_addc") ||
      Name.starts_with("__builtin_subc")) {
    unsigned Last = Call.getNumArgs() - 1;
    QualType Result = Call.getArg(Last)->getType()->getPointeeType();
    std::string Size = llvm::utostr(Editor.Context.getTypeSizeInChars(Result).getQuantity());
    recordKnown(Call, {{Last, Size}}, "instruction");
    return true;
  }
  static constexpr StringRef Quiet[] = {"__builtin___clear_cache", "__builtin_longjmp"};
  return Callee.hasAttr<ConstAttr>() || Callee.hasAttr<PureAttr>() ||
         llvm::is_contained(Quiet, Name);
}

bool PortedCalls::isPorted(const FunctionDecl &F) const {
  const FunctionDecl *Definition = nullptr;
  return F.hasBody(Definition) && Editor.isProgram(Definition->getLocation());
}

void PortedCalls::visit(const CallExpr &Call, const FunctionDecl *In) {
  const FunctionDecl *Callee = Call.getDirectCallee();
  if (!Callee)
    return; // the function behind the pointer is ported, or a pin that leads to one that is not
  if (allocation(Call, *Callee, In) || unitLock(Call, *Callee))
    return;
  bounds(Call, *Callee);
  StringRef Name = plainNameOf(*Callee);
  bool Library = isLibraryFunction(*Callee);
  if (isPorted(*Callee))
    return;
  if (hasMark(*Callee, mark::Writes) ||
      (Library && (!modelOf(Callee->getName()).empty() || !modelOf(Name).empty())))
    return modelled(Call, *Callee);
  if (instruction(Call, *Callee, In && hasMark(*In, mark::RelaxedStores)) ||
      Name.starts_with("perdure_"))
    return;
  Library ? unknown(Call, *Callee) : elsewhere(Call, *Callee);
}

} // namespace perdure
