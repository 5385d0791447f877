// SPDX-License-Identifier: Apache-2.0
//
// See stored_places.h.
#include "stored_places.h"

#include "clang/AST/Expr.h"
#include "clang/AST/ExprCXX.h"

using namespace clang;

namespace perdure {
namespace {

const RecordDecl *pointee(QualType Type) {
  QualType Below = Type->getPointeeType();
  return Below.isNull() ? nullptr : Below->getAsRecordDecl();
}

// What the pointer E leads to.
StoredPlace throughPointer(const Expr &E) {
  StoredPlace Place = storedPlace(E);
  Place.Through |= Place.Global != nullptr;
  Place.Field = Place.Global ? Place.Field : nullptr;
  Place.Record = pointee(E.getType());
  return Place;
}

bool isArray(const Expr &E) { return E.IgnoreParenImpCasts()->getType()->isArrayType(); }

StoredPlace ofMember(const MemberExpr &Member) {
  const auto *Field = llvm::dyn_cast<FieldDecl>(Member.getMemberDecl());
  if (const auto *Static = llvm::dyn_cast<VarDecl>(Member.getMemberDecl()))
    return {Static};
  if (!Field)
    return {};
  const Expr &Base = *Member.getBase();
  if (Member.isArrow() && !isArray(Base)) {
    const Expr *Address = Base.IgnoreParenCasts();
    if (const auto *Unary = llvm::dyn_cast<UnaryOperator>(Address);
        !Unary || Unary->getOpcode() != UO_AddrOf)
      return {nullptr, Field->getParent(), Field};
  }
  StoredPlace Place = storedPlace(Base);
  if (Place.Record) { // an object that a pointer leads to, or a part of one
    Place.Global = nullptr;
    Place.Field = Place.Field ? Place.Field : Field;
  } else if (Place.Global && !Place.Field && !Field->isAnonymousStructOrUnion()) {
    Place.Field = Field;
  }
  return Place;
}

} // namespace

StoredPlace storedPlace(const Expr &Any) {
  const Expr &E = *Any.IgnoreParenCasts();
  if (const auto *Name = llvm::dyn_cast<DeclRefExpr>(&E)) {
    const auto *V = llvm::dyn_cast<VarDecl>(Name->getDecl());
    return V && V->hasGlobalStorage() ? StoredPlace{V->getCanonicalDecl()} : StoredPlace{};
  }
  if (const auto *Member = llvm::dyn_cast<MemberExpr>(&E))
    return ofMember(*Member);
  if (const auto *Element = llvm::dyn_cast<ArraySubscriptExpr>(&E))
    return isArray(*Element->getBase()) ? storedPlace(*Element->getBase())
                                        : throughPointer(*Element->getBase());
  if (const auto *Unary = llvm::dyn_cast<UnaryOperator>(&E)) {
    if (Unary->getOpcode() == UO_AddrOf)
      return storedPlace(*Unary->getSubExpr());
    if (Unary->getOpcode() == UO_Deref)
      return isArray(*Unary->getSubExpr()) ? storedPlace(*Unary->getSubExpr())
                                           : throughPointer(*Unary->getSubExpr());
  }
  if (const auto *Sum = llvm::dyn_cast<BinaryOperator>(&E); Sum && Sum->isAdditiveOp())
    return storedPlace(*Sum->getLHS());
  return {};
}

} // namespace perdure
