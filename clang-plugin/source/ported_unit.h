// SPDX-License-Identifier: Apache-2.0
//
// Ports the text of one C unit after the AST half has collected its facts: one walk over the
// program's declarations and bodies, one that checks it.
#ifndef PERDURE_SOURCE_PORTED_UNIT_H
#define PERDURE_SOURCE_PORTED_UNIT_H

#include "../fact_collector.h"
#include "unit_source.h"

namespace perdure {

// What cannot be expressed in source is an error at its place. COLLECTOR: that of FACTS.
void portUnit(clang::ASTContext &Context, const clang::Preprocessor &Macros, const UnitFacts &Facts,
              FactCollector &Collector, llvm::StringRef UnitName, UnitSource &Unit);

} // namespace perdure

#endif
