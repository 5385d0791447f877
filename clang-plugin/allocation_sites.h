// SPDX-License-Identifier: Apache-2.0
//
// Allocation by type: a malloc-family call whose result becomes a pointer to a persistent type, and
// `new T` of one, call the pool's allocator instead. So does an allocation of anything whose result
// is assigned at once to a persistent place (item->text = strdup(s)): a pointer to volatile memory
// there would dangle in the next run. The callee is replaced in the AST, where the
// type is still known and before code is generated. Allocation by function and "heap: all" are the
// IR half's (allocation_calls), as is the allocator of the standard containers, which is marked
// here as an allocating function (standard_containers.h).
#ifndef PERDURE_ALLOCATION_SITES_H
#define PERDURE_ALLOCATION_SITES_H

#include <string>

#include "llvm/ADT/StringMap.h"

namespace clang {
class ASTContext;
class CallExpr;
class CXXNewExpr;
class Decl;
class DeclContext;
class Expr;
class FunctionDecl;
class QualType;
} // namespace clang

namespace perdure {

class AllocationSites {
public:
  explicit AllocationSites(clang::ASTContext &Context) : Context(Context) {}

  // Replaces callees in the declaration's bodies and initializers. Doing so twice changes nothing.
  void visitAll(clang::Decl &D);

  void visitNew(clang::CXXNewExpr &New);
  void visitCall(clang::CallExpr &Call);
  // E's value becomes a pointer of this type.
  void visitConversion(clang::Expr &E, clang::QualType Target);
  void visitAssignment(clang::Expr &Place, clang::Expr &Value);

private:
  void retargetValue(clang::Expr &Value);
  void retarget(clang::CallExpr &Call);
  clang::FunctionDecl *poolFunction(clang::FunctionDecl &Original, const std::string &Name);
  clang::DeclContext *externC();

  clang::ASTContext &Context;
  clang::DeclContext *ExternC = nullptr;
  llvm::StringMap<clang::FunctionDecl *> PoolFunctions;
};

} // namespace perdure

#endif
