// SPDX-License-Identifier: Apache-2.0
//
// Warnings for fields of persistent objects that can't mean anything in the next run: a mutex that
// comes back locked, a FILE* of a process that is gone, an object whose virtual table is a
// library's. Silenced by saying what the field is: transient, or lock. Functions and virtual tables
// of the program are pinned.
#ifndef PERDURE_UNSUITABLE_FIELDS_H
#define PERDURE_UNSUITABLE_FIELDS_H

#include "llvm/ADT/StringRef.h"

namespace clang {
class ASTContext;
class QualType;
class RecordDecl;
class VarDecl;
} // namespace clang

namespace perdure {

// What comes back after a restart, beginning with "a lock" for locks; empty if the type may be
// stored.
llvm::StringRef unsuitableType(const clang::ASTContext &Context, clang::QualType Type);

void warnOfUnsuitableFields(const clang::RecordDecl &Record);
// For a persistent variable: the fields of its type, unless that is warned of for itself.
void warnOfUnsuitableFields(const clang::VarDecl &Root);

} // namespace perdure

#endif
