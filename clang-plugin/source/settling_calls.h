// SPDX-License-Identifier: Apache-2.0
//
// Calls between an entry and its store. PERDURE_W makes the entry where the lvalue stands; if a
// call that ends a unit, releases a lock or sends could come before the store, the thread would
// count as settled (runtime/src/deferred_lane.h) with that store still on its way. Such a store is
// written as PERDURE_ASSIGN or PERDURE_UPDATE, whose entry follows it.
#ifndef PERDURE_SOURCE_SETTLING_CALLS_H
#define PERDURE_SOURCE_SETTLING_CALLS_H

#include "clang/AST/ASTContext.h"
#include "clang/AST/Expr.h"
#include "llvm/ADT/DenseMap.h"

namespace perdure {

// A function that Clang knows or a system header declares: a program may have its own `getline` in
// another unit.
bool isLibraryFunction(const clang::FunctionDecl &F);

class SettlingCalls {
public:
  explicit SettlingCalls(clang::ASTContext &Context) : Context(Context) {}

  // Whether such a call may come between evaluating the lvalue of WRITE (an assignment, increment
  // or decrement) and its store.
  bool mayPrecedeStore(const clang::Expr &Write);
  // Whether such a call is in S.
  bool mayCall(const clang::Stmt &S);

private:
  bool maySettle(const clang::CallExpr &Call);
  bool maySettle(const clang::FunctionDecl &F);

  clang::ASTContext &Context;
  llvm::DenseMap<const clang::FunctionDecl *, bool> Known;
};

} // namespace perdure

#endif
