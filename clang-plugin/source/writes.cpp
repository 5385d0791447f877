// SPDX-License-Identifier: Apache-2.0
#include "writes.h"

#include "clang/AST/StmtCXX.h"
#include "clang/Lex/Lexer.h"

using namespace clang;
using llvm::dyn_cast;
using llvm::StringRef;

namespace perdure {

bool Writes::isLeft(const Expr &Lvalue, bool &Relaxed) {
  PlaceClass Class = Where.classOf(Lvalue);
  if (Class == PlaceClass::Volatile)
    return true;
  if (Class == PlaceClass::Transient) {
    Editor.left(Lvalue.getBeginLoc(), "store", "transient");
    return true;
  }
  Relaxed |= Class == PlaceClass::Relaxed;
  return false;
}

bool Writes::isVectorElement(const Expr &Lvalue) {
  if (Lvalue.refersToVectorElement())
    Editor.error(Lvalue.getBeginLoc(),
                 "a vector's element has no address that PERDURE_W could take; store to a copy of "
                 "the vector, then assign that");
  return Lvalue.refersToVectorElement();
}

static StringRef macroOf(bool Relaxed, StringRef Strict, StringRef Lax) {
  return Relaxed ? Lax : Strict;
}

// OBJECT.FIELD OPERATOR VALUE, with commas between.
void Writes::bitField(const Expr &Write, const MemberExpr &Field, StringRef Operator,
                      const Expr *Value) {
  const Expr *Object = Field.getBase();
  bool Arrow = Field.isArrow();
  while (const auto *Member = dyn_cast<MemberExpr>(Object->IgnoreParens())) {
    const auto *Inner = dyn_cast<FieldDecl>(Member->getMemberDecl());
    if (!Inner || !Inner->isAnonymousStructOrUnion())
      break;
    Arrow = Member->isArrow();
    Object = Member->getBase();
  }
  std::string Base = Editor.text(Object->getSourceRange());
  std::string Text = Value ? Editor.text(Value->getSourceRange()) : "";
  if (Base.empty() || (Value && Text.empty()))
    return Editor.error(Write.getBeginLoc(), "this bit-field is written by a macro that cannot be "
                                             "changed; write out what the macro does here");
  // The parts keep their own changes, so they stay where they are: only what joins them goes.
  std::string Name = Field.getMemberDecl()->getNameAsString();
  bool IsPrefix =
      !Value && llvm::isa<UnaryOperator>(Write) && cast<UnaryOperator>(Write).isPrefix();
  StringRef Macro = Value || IsPrefix ? "PERDURE_BITS(" : "PERDURE_BITS_POST(";
  std::string Joined = ", " + Name + ", " + Operator.str() + (IsPrefix ? ", 1" : Value ? ", " : "");
  std::optional<FileRange> Whole = Editor.spelled(Write.getSourceRange());
  std::optional<FileRange> Start = Editor.spelled(Object->getSourceRange());
  std::optional<FileRange> Right = Value ? Editor.spelled(Value->getSourceRange()) : std::nullopt;
  unsigned End = Right ? Right->Begin : Whole ? Whole->End : 0;
  if (!Whole || !Start || Whole->ID != Start->ID || (Right && Right->ID != Whole->ID) ||
      End < Start->End)
    return Editor.error(Write.getBeginLoc(), "this bit-field is written by a macro that cannot be "
                                             "changed; write out what the macro does here");
  FileEdits &Edits = Editor.Unit.Edits[Whole->File];
  bool Done = Edits.replace(Start->End, End, Joined);
  if (IsPrefix && Start->Begin > Whole->Begin)
    Done &= Edits.replace(Whole->Begin, Start->Begin, "");
  Done &= Edits.wrap(Whole->Begin, Whole->End, (Macro + (Arrow ? "*" : "")).str(), ")");
  if (!Done)
    return Editor.error(Write.getBeginLoc(), "this bit-field is written in several ways by one "
                                             "macro; write out what it does here");
  Editor.Unit.Sites.insert(
      {Whole->File, Editor.Context.getSourceManager().getLineNumber(Whole->ID, Whole->Begin),
       "bit-field"});
}

// LVALUE OPERATOR VALUE -> PERDURE_UPDATE(LVALUE, OPERATOR, VALUE), PERDURE_ASSIGN(LVALUE, VALUE).
void Writes::update(const Expr &Lvalue, SourceLocation Operator, StringRef Spelling,
                    const Expr &Value, bool Relaxed) {
  bool Assigns = Spelling == "=";
  StringRef Macro = Assigns ? macroOf(Relaxed, "PERDURE_ASSIGN(", "PERDURE_ASSIGN_RELAXED(")
                            : macroOf(Relaxed, "PERDURE_UPDATE(", "PERDURE_UPDATE_RELAXED(");
  std::string Joined = Assigns ? "," : (", " + Spelling + ",").str();
  Editor.wrap(SourceRange(Lvalue.getBeginLoc(), Value.getEndLoc()), Macro, ")", "update");
  // With the blanks around it, unless there is more between the two.
  std::optional<FileRange> Left = Editor.spelled(Lvalue.getSourceRange());
  std::optional<FileRange> Right = Editor.spelled(Value.getSourceRange());
  if (Left && Right && Left->ID == Right->ID && Left->End < Right->Begin) {
    StringRef Between =
        Editor.Context.getSourceManager().getBufferData(Left->ID).slice(Left->End, Right->Begin);
    if (Between.trim(" ") == Spelling &&
        Editor.Unit.Edits[Left->File].replace(Left->End, Right->Begin, Joined + " "))
      return;
  }
  Editor.replace(Operator, Joined, "update");
}

void Writes::assignment(const BinaryOperator &Write, bool Relaxed) {
  const Expr &Lvalue = *Write.getLHS();
  if (isLeft(Lvalue, Relaxed))
    return;
  if (const auto *Field = dyn_cast<MemberExpr>(Lvalue.IgnoreParens());
      Field && Field->refersToBitField())
    return bitField(Write, *Field, Write.getOpcodeStr(), Write.getRHS());
  if (isVectorElement(Lvalue))
    return;
  if (Calls.mayPrecedeStore(Write))
    return update(Lvalue, Write.getOperatorLoc(), Write.getOpcodeStr(), *Write.getRHS(), Relaxed);
  // Without parentheses, which may be a macro's around its argument; with them if they are those of
  // a macro that is the lvalue as a whole.
  std::optional<FileRange> Whole = Editor.spelled(Lvalue.getSourceRange());
  bool IsMacro = Lvalue.getBeginLoc().isMacroID() && Whole && !Whole->InMacro;
  Editor.wrap((IsMacro ? &Lvalue : Lvalue.IgnoreParens())->getSourceRange(),
              macroOf(Relaxed, "PERDURE_W(", "PERDURE_W_RELAXED("), ")", "store");
}

void Writes::increment(const UnaryOperator &Write, bool Relaxed) {
  const Expr &Lvalue = *Write.getSubExpr();
  if (isLeft(Lvalue, Relaxed))
    return;
  StringRef Spelling = Write.isIncrementOp() ? "++" : "--";
  if (const auto *Field = dyn_cast<MemberExpr>(Lvalue.IgnoreParens());
      Field && Field->refersToBitField())
    return bitField(Write, *Field,
                    Write.isPrefix() ? Write.isIncrementOp() ? "+=" : "-=" : Spelling, nullptr);
  if (isVectorElement(Lvalue))
    return;
  if (!Calls.mayPrecedeStore(Write))
    return Editor.wrap(Lvalue.getSourceRange(),
                       macroOf(Relaxed, "PERDURE_W(", "PERDURE_W_RELAXED("), ")", "store");
  if (Write.isPrefix()) {
    Editor.replace(Write.getOperatorLoc(),
                   macroOf(Relaxed, "PERDURE_UPDATE(", "PERDURE_UPDATE_RELAXED("), "update");
    return Editor.insertAfter(Lvalue.getEndLoc(), Write.isIncrementOp() ? ", +=, 1)" : ", -=, 1)",
                              "update");
  }
  Editor.wrap(Write.getSourceRange(), macroOf(Relaxed, "PERDURE_POST(", "PERDURE_POST_RELAXED("),
              ")", "update");
  Editor.replace(Write.getOperatorLoc(), (", " + Spelling).str(), "update");
}

void Writes::atomic(const Stmt &Operation, const Expr &Pointer, bool Relaxed) {
  if (Where.pointsToVolatile(Pointer))
    return;
  if (const auto *Address = dyn_cast<UnaryOperator>(Pointer.IgnoreParenCasts());
      Address && Address->getOpcode() == UO_AddrOf && isLeft(*Address->getSubExpr(), Relaxed))
    return;
  for (const Stmt *Operand : Operation.children())
    if (Operand && Operand != &Pointer && Calls.mayCall(*Operand))
      return Editor.error(Operand->getBeginLoc(),
                          "this call may come between the entry of the atomic operation and its "
                          "store; put its value into a variable first");
  Editor.wrap(Pointer.getSourceRange(), macroOf(Relaxed, "PERDURE_P(", "PERDURE_P_RELAXED("), ")",
              "atomic");
}

void Writes::atomic(const AtomicExpr &Operation, bool Relaxed) {
  switch (Operation.getOp()) {
  case AtomicExpr::AO__c11_atomic_load:
  case AtomicExpr::AO__atomic_load_n:
    return;
  case AtomicExpr::AO__atomic_load:
  case AtomicExpr::AO__scoped_atomic_load: // what was loaded goes to its argument
    return atomic(Operation, *Operation.getVal1(), Relaxed);
  case AtomicExpr::AO__atomic_exchange:
  case AtomicExpr::AO__scoped_atomic_exchange: // what was there, too
    atomic(Operation, *Operation.getVal2(), Relaxed);
    break;
  default:
    break;
  }
  atomic(Operation, *Operation.getPtr(), Relaxed);
  // The expected value is written when the comparison fails.
  if (Operation.isCmpXChg())
    atomic(Operation, *Operation.getVal1(), Relaxed);
}

void Writes::assembly(const GCCAsmStmt &Assembly) {
  for (unsigned I = 0; I < Assembly.getNumOutputs(); ++I) {
    const Expr *Output = Assembly.getOutputExpr(I);
    bool Relaxed = false;
    if (isLeft(*Output, Relaxed))
      continue;
    if (Calls.mayCall(Assembly))
      Editor.error(Output->getBeginLoc(), "a call of this assembly's operands may come between the "
                                          "entry of its output and the store; put its value into a "
                                          "variable first");
    Editor.wrap(Output->getSourceRange(), "PERDURE_W(", ")", "assembly");
  }
  bool Clobbers = false;
  for (unsigned I = 0; I < Assembly.getNumClobbers(); ++I)
    Clobbers |= Assembly.getClobber(I) == "memory";
  for (unsigned I = 0; Clobbers && I < Assembly.getNumInputs(); ++I)
    if (const Expr *Input = Assembly.getInputExpr(I);
        Input->getType()->isPointerType() && !Where.pointsToVolatile(*Input))
      Editor.error(Input->getBeginLoc(),
                   "inline assembly may write what this pointer leads to; make "
                   "the memory an output of it");
}

void Writes::variableArgument(const VAArgExpr &Argument) {
  if (!Where.pointsToVolatile(*Argument.getSubExpr()) &&
      Where.classOf(*Argument.getSubExpr()->IgnoreParenImpCasts()) != PlaceClass::Volatile)
    Editor.left(Argument.getBeginLoc(), "va_arg", "a va_list belongs to a call and is never kept");
}

} // namespace perdure
