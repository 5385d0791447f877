// SPDX-License-Identifier: Apache-2.0
//
// What an lvalue or pointer leads to, as far as the source tells: provably volatile memory, a
// persistent global, and the class of stores there. The IR half asks the same of addresses
// (provably_volatile.cpp, field_classes.cpp); what is not proved here is checked at run time.
#ifndef PERDURE_SOURCE_PLACES_H
#define PERDURE_SOURCE_PLACES_H

#include "../facts.h"

#include "clang/AST/ASTContext.h"
#include "clang/AST/Expr.h"
#include "llvm/ADT/DenseMap.h"

namespace perdure {

enum class PlaceClass { Volatile, Transient, Relaxed, Persistent };

class Places {
public:
  // GLOBALS: rows of UnitFacts; SYMBOLS: of the variables that have some.
  Places(clang::ASTContext &Context, const std::vector<Fact> &Globals,
         llvm::DenseMap<const clang::VarDecl *, std::string> Symbols);

  // A global variable with a fixed address: persistent (wholly or in part) or pinned.
  bool isPlaced(const clang::VarDecl &V) const { return isRoot(V) || isPinned(V); }
  bool isRoot(const clang::VarDecl &V) const;
  bool isPinned(const clang::VarDecl &V) const;
  const std::string *symbolOf(const clang::VarDecl &V) const;

  // The class of a store to the lvalue.
  PlaceClass classOf(const clang::Expr &Lvalue) const;
  // Whether the memory that the pointer leads to is provably volatile.
  bool pointsToVolatile(const clang::Expr &Pointer) const;

private:
  struct RootPart {
    const clang::VarDecl *Root = nullptr;
    uint64_t Offset = 0, Size = 0; // bytes; of the array, where an index is not constant
  };
  bool isVolatile(const clang::Expr &Lvalue) const;
  std::optional<RootPart> partOfRoot(const clang::Expr &Lvalue) const;
  std::optional<PlaceClass> fieldClass(const clang::Expr &Lvalue) const;
  PlaceClass spanClass(const RootPart &Part) const;

  clang::ASTContext &Context;
  const std::vector<Fact> &Globals;
  llvm::DenseMap<const clang::VarDecl *, std::string> Symbols;
};

} // namespace perdure

#endif
