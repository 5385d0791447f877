// SPDX-License-Identifier: Apache-2.0
//
// Checks of marked declarations. See placement.h.
#include "placement.h"

#include "clang/AST/ASTContext.h"
#include "clang/AST/Decl.h"

using namespace clang;

namespace perdure {

static std::string quoted(const NamedDecl &D) { return "'" + D.getNameAsString() + "'"; }

std::string pinProblem(const VarDecl &V) {
  if (V.getTLSKind() != VarDecl::TLS_None)
    return "thread-local variable " + quoted(V) +
           ": every thread has its own, at another address; make it an ordinary global";
  if (V.getType()->isReferenceType())
    return "reference " + quoted(V) + "; name the object it refers to";
  return "";
}

std::string rootProblem(const VarDecl &V) {
  if (V.isConstexpr() || V.getType().isConstQualified())
    return "constant " + quoted(V) + ": nothing is ever stored to it; leave it as it is";
  return pinProblem(V);
}

std::string rootInitializerProblem(const VarDecl &V) {
  if (!V.isStaticLocal() || V.getType()->isDependentType())
    return "";
  bool Dynamic = V.getInit() && !V.getInit()->isValueDependent() && !V.hasConstantInitialization();
  if (Dynamic || V.needsDestruction(V.getASTContext()))
    return "function-local static " + quoted(V) +
           ", which is constructed or destroyed at run time; move it out of the function";
  return "";
}

std::string fieldProblem(const FieldDecl &F) {
  if (F.isBitField())
    return "bit-field " + quoted(F) +
           ", which shares its bytes with its neighbours; make it an ordinary member, or use an "
           "integer with relaxed_bits or transient_bits";
  return "";
}

} // namespace perdure
