// SPDX-License-Identifier: Apache-2.0
//
// What can't be said of a declaration although its kind is right, for attributes and port entries
// alike. The texts complete "... can't apply to"; empty means that nothing is wrong.
#ifndef PERDURE_PLACEMENT_H
#define PERDURE_PLACEMENT_H

#include <string>

namespace clang {
class FieldDecl;
class VarDecl;
} // namespace clang

namespace perdure {

// Why the variable can't be pinned, or be a root. Known as soon as it is declared.
std::string pinProblem(const clang::VarDecl &V);
std::string rootProblem(const clang::VarDecl &V);
// The same, for what is known only when its initializer was read.
std::string rootInitializerProblem(const clang::VarDecl &V);
// Why the field can't have a class of its own.
std::string fieldProblem(const clang::FieldDecl &F);

} // namespace perdure

#endif
