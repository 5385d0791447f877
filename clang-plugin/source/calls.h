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
  PortedCalls(SourceEditor &Editor, const Places &Where, Writes &Written, SettlingCalls &Settling,
              bool WholeHeap)
      : Editor(Editor), Where(Where), Written(Written), Settling(Settling), WholeHeap(WholeHeap) {}

  // IN: the function whose body has the call.
  void visit(const clang::CallExpr &Call, const clang::FunctionDecl *In);

private:
  bool allocation(const clang::CallExpr &Call, const clang::FunctionDecl &Callee,
                  const clang::FunctionDecl *In);
  bool unitLock(const clang::CallExpr &Call, const clang::FunctionDecl &Callee);
  void jumpTarget(const clang::CallExpr &Call);
  void bounds(const clang::CallExpr &Call, const clang::FunctionDecl &Callee);
  void modelled(const clang::CallExpr &Call, const clang::FunctionDecl &Callee);
  void unknown(const clang::CallExpr &Call, const clang::FunctionDecl &Callee);
  void writesAll(const clang::CallExpr &Call, llvm::StringRef Kind);
  bool argumentsAreQuiet(const clang::CallExpr &Call, llvm::StringRef What);
  void rename(const clang::CallExpr &Call, llvm::StringRef Name, llvm::StringRef Kind);

  SourceEditor &Editor;
  const Places &Where;
  Writes &Written;
  SettlingCalls &Settling;
  bool WholeHeap;
};

} // namespace perdure

#endif
