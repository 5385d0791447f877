// SPDX-License-Identifier: Apache-2.0
//
// Functions whose address is taken: the address is that of a pin, PERDURE_FUNCTION(name), so that
// it may be stored in the pool (docs/design.md, "Pins"). The IR half does the same to a unit's IR
// (pinned_symbols.cpp).
#ifndef PERDURE_SOURCE_PINNED_FUNCTIONS_H
#define PERDURE_SOURCE_PINNED_FUNCTIONS_H

#include "unit_source.h"

#include "clang/AST/Expr.h"
#include "clang/AST/Mangle.h"

namespace perdure {

struct PinnedFunction {
  std::string Name, Key, Signature; // Signature: empty if not known
  uint64_t Address;
  bool Internal, Strong;
};

class PinnedFunctions {
public:
  // UNIT: the name by which the unit's internal functions are known.
  PinnedFunctions(SourceEditor &Editor, llvm::StringRef UnitName)
      : Editor(Editor), Names(Editor.Context), UnitName(UnitName) {}

  // A function's name as a value, not as a callee.
  void use(const clang::DeclRefExpr &Name);

  const std::map<std::string, PinnedFunction> &functions() const { return Functions; }
  std::string addresses() const;

private:
  SourceEditor &Editor;
  clang::ASTNameGenerator Names;
  std::string UnitName;
  std::map<std::string, PinnedFunction> Functions; // by name
};

} // namespace perdure

#endif
