// SPDX-License-Identifier: Apache-2.0
#include "places.h"

#include "../marks.h"

#include "clang/AST/RecordLayout.h"

using namespace clang;
using llvm::dyn_cast;
using llvm::StringRef;

namespace perdure {

Places::Places(ASTContext &Context, const std::vector<Fact> &Globals,
               llvm::DenseMap<const VarDecl *, std::string> Symbols)
    : Context(Context), Globals(Globals), Symbols(std::move(Symbols)) {}

bool Places::isRoot(const VarDecl &V) const {
  for (StringRef Mark : {mark::Persistent, mark::Relaxed, mark::Transient, mark::PersistentField,
                         mark::RelaxedField, mark::TransientField})
    if (V.hasGlobalStorage() && hasMark(V, Mark))
      return true;
  return false;
}

bool Places::isPinned(const VarDecl &V) const {
  return V.hasGlobalStorage() && hasMark(V, mark::Pinned);
}

const std::string *Places::symbolOf(const VarDecl &V) const {
  auto Found = Symbols.find(V.getCanonicalDecl());
  return Found == Symbols.end() ? nullptr : &Found->second;
}

bool Places::isVolatile(const Expr &Lvalue) const {
  const Expr *E = Lvalue.IgnoreParens();
  if (const auto *Name = dyn_cast<DeclRefExpr>(E)) {
    const auto *V = dyn_cast<VarDecl>(Name->getDecl());
    return V && !V->getType()->isReferenceType() && (V->hasLocalStorage() || !isRoot(*V));
  }
  if (const auto *Member = dyn_cast<MemberExpr>(E))
    return Member->isArrow() ? pointsToVolatile(*Member->getBase())
                             : isVolatile(*Member->getBase());
  if (const auto *Element = dyn_cast<ArraySubscriptExpr>(E))
    return pointsToVolatile(*Element->getBase());
  if (const auto *Unary = dyn_cast<UnaryOperator>(E)) {
    if (Unary->getOpcode() == UO_Deref)
      return pointsToVolatile(*Unary->getSubExpr());
    return (Unary->getOpcode() == UO_Real || Unary->getOpcode() == UO_Imag) &&
           isVolatile(*Unary->getSubExpr());
  }
  return llvm::isa<CompoundLiteralExpr, clang::StringLiteral, PredefinedExpr>(E);
}

bool Places::pointsToVolatile(const Expr &Pointer) const {
  const Expr *E = Pointer.IgnoreParens();
  // What glibc's socket functions take: a pointer, in a transparent union.
  if (const auto *Union = dyn_cast<CompoundLiteralExpr>(E); Union && E->getType()->isUnionType())
    if (const auto *List = dyn_cast<InitListExpr>(Union->getInitializer());
        List && List->getNumInits() == 1)
      return pointsToVolatile(*List->getInit(0));
  if (const auto *Call = dyn_cast<CallExpr>(E); Call && Call->getDirectCallee()) // errno
    return Call->getDirectCallee()->getIdentifier() &&
           Call->getDirectCallee()->getName() == "__errno_location";
  if (E->isNullPointerConstant(Context, Expr::NPC_ValueDependentIsNotNull))
    return true;
  if (const auto *Cast = dyn_cast<CastExpr>(E)) {
    if (Cast->getCastKind() == CK_ArrayToPointerDecay)
      return isVolatile(*Cast->getSubExpr());
    if (Cast->getCastKind() == CK_LValueToRValue)
      return false;
    return Cast->getSubExpr()->getType()->isPointerType() ||
                   Cast->getSubExpr()->getType()->isArrayType()
               ? pointsToVolatile(*Cast->getSubExpr())
               : false;
  }
  if (E->getType()->isArrayType())
    return isVolatile(*E);
  if (const auto *Unary = dyn_cast<UnaryOperator>(E))
    return Unary->getOpcode() == UO_AddrOf && isVolatile(*Unary->getSubExpr());
  if (const auto *Sum = dyn_cast<BinaryOperator>(E); Sum && Sum->isAdditiveOp()) {
    const Expr *Left = Sum->getLHS(), *Right = Sum->getRHS();
    return pointsToVolatile(Left->getType()->isPointerType() ? *Left : *Right);
  }
  if (const auto *Choice = dyn_cast<ConditionalOperator>(E))
    return pointsToVolatile(*Choice->getTrueExpr()) && pointsToVolatile(*Choice->getFalseExpr());
  return false;
}

std::optional<Places::RootPart> Places::partOfRoot(const Expr &Lvalue) const {
  const Expr *E = Lvalue.IgnoreParens();
  uint64_t Size =
      E->getType()->isIncompleteType() ? 0 : Context.getTypeSizeInChars(E->getType()).getQuantity();
  if (const auto *Name = dyn_cast<DeclRefExpr>(E)) {
    const auto *V = dyn_cast<VarDecl>(Name->getDecl());
    return V && isRoot(*V) ? std::optional(RootPart{V, 0, Size}) : std::nullopt;
  }
  if (const auto *Member = dyn_cast<MemberExpr>(E); Member && !Member->isArrow()) {
    std::optional<RootPart> Part = partOfRoot(*Member->getBase());
    const auto *Field = dyn_cast<FieldDecl>(Member->getMemberDecl());
    if (!Part || !Field)
      return std::nullopt;
    uint64_t Whole = Context.getTypeSizeInChars(Member->getBase()->getType()).getQuantity();
    if (Part->Size != Whole)
      return Part; // somewhere in an array
    Part->Offset += Context.getFieldOffset(Field) / 8;
    Part->Size =
        Field->isBitField()
            ? (Context.getFieldOffset(Field) % 8 + Field->getBitWidthValue(Context) + 7) / 8
            : Size;
    return Part;
  }
  const auto *Element = dyn_cast<ArraySubscriptExpr>(E);
  const Expr *Array = Element ? Element->getBase()->IgnoreParenImpCasts() : nullptr;
  if (!Array || !Array->getType()->isArrayType())
    return std::nullopt;
  std::optional<RootPart> Part = partOfRoot(*Array);
  Expr::EvalResult Index;
  if (Part && Context.getTypeSizeInChars(Array->getType()).getQuantity() == int64_t(Part->Size) &&
      Element->getIdx()->EvaluateAsInt(Index, Context)) {
    Part->Offset += Index.Val.getInt().getZExtValue() * Size;
    Part->Size = Size;
  }
  return Part;
}

PlaceClass Places::spanClass(const RootPart &Part) const {
  const std::string *Symbol = symbolOf(*Part.Root);
  auto IsIn = [&](StringRef Kind) {
    for (const Fact &Row : Globals) {
      if (!Symbol || Row[0] != *Symbol || Row[1] != Kind)
        continue;
      uint64_t Offset = std::stoull(Row[2]), Size = std::stoull(Row[3]);
      if (Part.Offset >= Offset && Part.Offset + Part.Size <= Offset + Size)
        return true;
    }
    return false;
  };
  if (IsIn("volatile-span"))
    return PlaceClass::Transient;
  return IsIn("relaxed-span") ? PlaceClass::Relaxed : PlaceClass::Persistent;
}

// What the fields say that the lvalue goes through on its way from an object's address.
std::optional<PlaceClass> Places::fieldClass(const Expr &Lvalue) const {
  const Expr *E = Lvalue.IgnoreParenImpCasts();
  if (const auto *Element = dyn_cast<ArraySubscriptExpr>(E)) {
    const Expr *Array = Element->getBase()->IgnoreParenImpCasts();
    return Array->getType()->isArrayType() ? fieldClass(*Array) : std::nullopt;
  }
  const auto *Member = dyn_cast<MemberExpr>(E);
  if (!Member)
    return std::nullopt;
  for (StringRef Kind : markArguments(*Member->getMemberDecl(), mark::Field)) {
    if (Kind == mark::Transient)
      return PlaceClass::Transient;
    if (Kind == mark::Relaxed)
      return PlaceClass::Relaxed;
  }
  return Member->isArrow() ? std::nullopt : fieldClass(*Member->getBase());
}

PlaceClass Places::classOf(const Expr &Lvalue) const {
  if (isVolatile(Lvalue))
    return PlaceClass::Volatile;
  if (std::optional<PlaceClass> Class = fieldClass(Lvalue))
    return *Class;
  if (std::optional<RootPart> Part = partOfRoot(Lvalue))
    return spanClass(*Part);
  return PlaceClass::Persistent;
}

} // namespace perdure
