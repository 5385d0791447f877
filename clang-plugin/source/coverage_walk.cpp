// SPDX-License-Identifier: Apache-2.0
#include "coverage_walk.h"

#include "clang/AST/Expr.h"

using namespace clang;
using llvm::dyn_cast;

namespace perdure {
namespace {

// By class: what writes memory by itself.
bool writes(const Stmt &S) {
  if (const auto *Binary = dyn_cast<BinaryOperator>(&S))
    return Binary->isAssignmentOp();
  if (const auto *Unary = dyn_cast<UnaryOperator>(&S))
    return Unary->isIncrementDecrementOp();
  return llvm::isa<CallExpr, AtomicExpr, GCCAsmStmt, VAArgExpr>(S);
}

// Kinds that write nothing, or only through their parts.
bool isKnown(const Stmt &S) {
  switch (S.getStmtClass()) {
  case Stmt::CompoundStmtClass:
  case Stmt::DeclStmtClass:
  case Stmt::NullStmtClass:
  case Stmt::IfStmtClass:
  case Stmt::ForStmtClass:
  case Stmt::WhileStmtClass:
  case Stmt::DoStmtClass:
  case Stmt::SwitchStmtClass:
  case Stmt::CaseStmtClass:
  case Stmt::DefaultStmtClass:
  case Stmt::BreakStmtClass:
  case Stmt::ContinueStmtClass:
  case Stmt::ReturnStmtClass:
  case Stmt::GotoStmtClass:
  case Stmt::IndirectGotoStmtClass:
  case Stmt::LabelStmtClass:
  case Stmt::AttributedStmtClass:
  case Stmt::GCCAsmStmtClass:
  case Stmt::BinaryOperatorClass:
  case Stmt::CompoundAssignOperatorClass:
  case Stmt::UnaryOperatorClass:
  case Stmt::ConditionalOperatorClass:
  case Stmt::BinaryConditionalOperatorClass:
  case Stmt::OpaqueValueExprClass:
  case Stmt::CallExprClass:
  case Stmt::AtomicExprClass:
  case Stmt::VAArgExprClass:
  case Stmt::ImplicitCastExprClass:
  case Stmt::CStyleCastExprClass:
  case Stmt::ParenExprClass:
  case Stmt::ParenListExprClass:
  case Stmt::DeclRefExprClass:
  case Stmt::MemberExprClass:
  case Stmt::ArraySubscriptExprClass:
  case Stmt::InitListExprClass:
  case Stmt::DesignatedInitExprClass:
  case Stmt::ImplicitValueInitExprClass:
  case Stmt::ArrayInitLoopExprClass:
  case Stmt::ArrayInitIndexExprClass:
  case Stmt::NoInitExprClass:
  case Stmt::CompoundLiteralExprClass:
  case Stmt::StmtExprClass:
  case Stmt::AddrLabelExprClass:
  case Stmt::ChooseExprClass:
  case Stmt::GenericSelectionExprClass:
  case Stmt::GNUNullExprClass:
  case Stmt::IntegerLiteralClass:
  case Stmt::FloatingLiteralClass:
  case Stmt::ImaginaryLiteralClass:
  case Stmt::CharacterLiteralClass:
  case Stmt::StringLiteralClass:
  case Stmt::PredefinedExprClass:
  case Stmt::ConstantExprClass:
  case Stmt::OffsetOfExprClass:
  case Stmt::UnaryExprOrTypeTraitExprClass:
  case Stmt::TypeTraitExprClass:
  case Stmt::ConvertVectorExprClass:
  case Stmt::ShuffleVectorExprClass:
  case Stmt::ExtVectorElementExprClass:
  case Stmt::RecoveryExprClass:
    return true;
  default:
    return false;
  }
}

} // namespace

void checkCoverage(const Stmt &Body, const llvm::DenseSet<const Stmt *> &Decided,
                   SourceEditor &Editor) {
  if (!isKnown(Body))
    return Editor.error(Body.getBeginLoc(),
                        llvm::Twine("'") + Body.getStmtClassName() +
                            "' cannot be written as ported source; compile this "
                            "file with perdure-clang");
  if (writes(Body) && !Decided.contains(&Body))
    Editor.error(Body.getBeginLoc(),
                 "this may write persistent memory and was not ported; compile this file with "
                 "perdure-clang, and report the omission");
  for (const Stmt *Child : Body.children())
    if (Child)
      checkCoverage(*Child, Decided, Editor);
}

} // namespace perdure
