// SPDX-License-Identifier: Apache-2.0
//
// What a variable or field of a type can mean to a port: plain data, a pointer, or something of the
// process that will be gone. For proposal_records.cpp; tools/propose/program_facts.h has the words.
#ifndef PERDURE_PROPOSAL_TYPES_H
#define PERDURE_PROPOSAL_TYPES_H

#include <string>
#include <vector>

#include "llvm/ADT/StringRef.h"

namespace clang {
class ASTContext;
class NamedDecl;
class QualType;
class RecordDecl;
} // namespace clang

namespace perdure {

struct ProposalType {
  // data, record, container (a standard one), pointer (to a record of the program), lock, handle,
  // library or function.
  std::string Kind = "data";
  std::vector<std::string> Records; // contained, or pointed to
};

// NAME decides whether an integer is a file descriptor.
ProposalType proposalType(const clang::ASTContext &Context, clang::QualType Type,
                          llvm::StringRef Name);

// Its plain name; where it lies, in a form no port file can name, if it has none.
std::string recordName(const clang::RecordDecl &Record);

bool isLock(const clang::ASTContext &Context, clang::QualType Type);

} // namespace perdure

#endif
