// SPDX-License-Identifier: Apache-2.0
//
// What a unit tells the runtime of itself (struct perdure_module_info), as the C text that the unit
// includes at its end: the counterpart of module_registration.cpp.
#ifndef PERDURE_SOURCE_MODULE_TABLE_H
#define PERDURE_SOURCE_MODULE_TABLE_H

#include "pinned_functions.h"
#include "placed_globals.h"

namespace perdure {

struct ModuleParts {
  const UnitFacts &Facts;
  const PlacedGlobals &Globals;
  const PinnedFunctions &Functions;
  std::vector<const clang::VarDecl *> Locks;
  std::vector<const clang::FunctionDecl *> Recovery;
  bool CommitPoints = false, Sections = false, NewPools = false;
};

std::string moduleTable(const ModuleParts &Parts, const Places &Where);

} // namespace perdure

#endif
