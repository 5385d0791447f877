// SPDX-License-Identifier: Apache-2.0
//
// Expressions that write memory by themselves: assignments, increments, atomic operations, outputs
// of inline assembly. Each lvalue that may lie in the pool is wrapped where it stands.
#ifndef PERDURE_SOURCE_WRITES_H
#define PERDURE_SOURCE_WRITES_H

#include "places.h"
#include "settling_calls.h"
#include "unit_source.h"

namespace perdure {

class Writes {
public:
  Writes(SourceEditor &Editor, const Places &Where, SettlingCalls &Calls)
      : Editor(Editor), Where(Where), Calls(Calls) {}

  // RELAXED: in a function whose own stores are.
  void assignment(const clang::BinaryOperator &Write, bool Relaxed);
  void increment(const clang::UnaryOperator &Write, bool Relaxed);
  void atomic(const clang::AtomicExpr &Operation, bool Relaxed);
  // OPERATION writes what POINTER, one of its operands, points to.
  void atomic(const clang::Stmt &Operation, const clang::Expr &Pointer, bool Relaxed);
  void assembly(const clang::GCCAsmStmt &Assembly);
  // va_arg moves on in a list, which is on the stack.
  void variableArgument(const clang::VAArgExpr &Argument);

private:
  // What remains of a store's class, and whether nothing need be done.
  bool isLeft(const clang::Expr &Lvalue, bool &Relaxed);
  // An error, if it is one.
  bool isVectorElement(const clang::Expr &Lvalue);
  void bitField(const clang::Expr &Write, const clang::MemberExpr &Field, llvm::StringRef Operator,
                const clang::Expr *Value);
  void update(const clang::Expr &Lvalue, clang::SourceLocation Operator, llvm::StringRef Spelling,
              const clang::Expr &Value, bool Relaxed);

  SourceEditor &Editor;
  const Places &Where;
  SettlingCalls &Calls;
};

} // namespace perdure

#endif
