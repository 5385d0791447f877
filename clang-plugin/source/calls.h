// SPDX-License-Identifier: Apache-2.0
//
// Calls that become calls of the runtime: allocation, libc functions that write, locks that bound
// units, commit points and gated outputs outside the program, setjmp.
#ifndef PERDURE_SOURCE_CALLS_H
#define PERDURE_SOURCE_CALLS_H

#include "writes.h"

namespace perdure {

class PortedCalls {
public:
  // STRICT: library functions of which it is not known what they write are errors.
  PortedCalls(SourceEditor &Editor, const Places &Where, Writes &Writing, bool WholeHeap,
              bool Strict)
      : Editor(Editor), Where(Where), Writing(Writing), WholeHeap(WholeHeap), Strict(Strict) {}

  // IN: the function whose body has the call.
  void visit(const clang::CallExpr &Call, const clang::FunctionDecl *In);

private:
  // An argument through which a call writes: LENGTH bytes, text of a number; empty: the object.
  struct Written {
    const clang::Expr *Pointer;
    llvm::StringRef Length;
  };

  bool allocation(const clang::CallExpr &Call, const clang::FunctionDecl &Callee,
                  const clang::FunctionDecl *In);
  bool unitLock(const clang::CallExpr &Call, const clang::FunctionDecl &Callee);
  void jumpTarget(const clang::CallExpr &Call);
  void bounds(const clang::CallExpr &Call, const clang::FunctionDecl &Callee);
  void modelled(const clang::CallExpr &Call, const clang::FunctionDecl &Callee);
  bool instruction(const clang::CallExpr &Call, const clang::FunctionDecl &Callee, bool Relaxed);
  void elsewhere(const clang::CallExpr &Call, const clang::FunctionDecl &Callee);
  void unknown(const clang::CallExpr &Call, const clang::FunctionDecl &Callee);
  void recordAfter(const clang::CallExpr &Call, llvm::ArrayRef<Written> Arguments,
                   llvm::StringRef Kind);
  void recordKnown(const clang::CallExpr &Call,
                   llvm::ArrayRef<std::pair<unsigned, llvm::StringRef>> Known,
                   llvm::StringRef Kind);
  void recordAll(const clang::CallExpr &Call, llvm::StringRef Kind);
  // printf's %n.
  void countConversion(const clang::CallExpr &Call, llvm::StringRef Name);
  bool mayBeWritten(const clang::Expr &Argument) const;
  bool mayWrite(const clang::CallExpr &Call) const;
  bool argumentsAreQuiet(const clang::CallExpr &Call, llvm::StringRef What);
  // Whether the function's body is the program's own, whose stores are ported.
  bool isPorted(const clang::FunctionDecl &F) const;
  void rename(const clang::CallExpr &Call, llvm::StringRef Name, llvm::StringRef Kind);

  SourceEditor &Editor;
  const Places &Where;
  Writes &Writing;
  bool WholeHeap, Strict;
};

} // namespace perdure

#endif
