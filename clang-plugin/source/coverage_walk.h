// SPDX-License-Identifier: Apache-2.0
//
// The coverage rule for source: after the walk that ported a body, another looks for whatever may
// write memory, by the kinds of statements and expressions alone. What the first did not decide
// about, and kinds that nobody has thought of, are errors: a store must not be missed in silence.
#ifndef PERDURE_SOURCE_COVERAGE_WALK_H
#define PERDURE_SOURCE_COVERAGE_WALK_H

#include "unit_source.h"

#include "clang/AST/Stmt.h"
#include "llvm/ADT/DenseSet.h"

namespace perdure {

// DECIDED: expressions that the port wrapped, modelled or proved volatile.
void checkCoverage(const clang::Stmt &Body, const llvm::DenseSet<const clang::Stmt *> &Decided,
                   SourceEditor &Editor);

} // namespace perdure

#endif
