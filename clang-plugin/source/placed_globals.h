// SPDX-License-Identifier: Apache-2.0
//
// Global variables with a fixed address, persistent or pinned: the declaration of `struct lru lru`
// becomes that of its type under the name perdure_type_lru, a use becomes PERDURE_ROOT(lru), and
// the unit's generated header has the address as perdure_at_lru.
#ifndef PERDURE_SOURCE_PLACED_GLOBALS_H
#define PERDURE_SOURCE_PLACED_GLOBALS_H

#include "places.h"
#include "unit_source.h"

#include "llvm/ADT/StringMap.h"

namespace perdure {

struct PlacedGlobal {
  const clang::VarDecl *Variable; // the definition, if the unit has it
  bool IsDefined;
  std::string Key, Type;
  uint64_t Address, Size; // bytes
  bool Pinned, Internal;
  std::string Initial; // name of its initial value; empty: zeros
};

class PlacedGlobals {
public:
  PlacedGlobals(SourceEditor &Editor, const Places &Where, const std::vector<Fact> &Facts)
      : Editor(Editor), Where(Where), Facts(Facts) {}

  void declaration(const clang::VarDecl &V);
  void use(const clang::DeclRefExpr &Name);

  const std::vector<PlacedGlobal> &globals() const { return Globals; }
  // For the generated header.
  std::string addresses() const;

private:
  PlacedGlobal *find(const clang::VarDecl &V);
  bool allArePlaced(const clang::VarDecl &V) const;
  void rewrite(const clang::VarDecl &V, PlacedGlobal &Global, bool First);

  SourceEditor &Editor;
  const Places &Where;
  const std::vector<Fact> &Facts;
  std::vector<PlacedGlobal> Globals;
  llvm::StringMap<const clang::VarDecl *> Names; // one variable a name
};

} // namespace perdure

#endif
