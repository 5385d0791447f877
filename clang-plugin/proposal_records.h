// SPDX-License-Identifier: Apache-2.0
//
// What one unit knows that bears on a port: who defines, calls, writes, allocates, locks. Strings
// for the object file's section "perdure_facts", which the linker adds up over the program;
// `perdure propose` reads them. runtime/tools/propose/program_facts.h has their grammar.
#ifndef PERDURE_PROPOSAL_RECORDS_H
#define PERDURE_PROPOSAL_RECORDS_H

#include <initializer_list>
#include <set>
#include <string>
#include <vector>

#include "llvm/ADT/StringRef.h"

namespace clang {
class ASTContext;
class FunctionDecl;
class NamedDecl;
class RecordDecl;
class SourceLocation;
class VarDecl;
} // namespace clang

namespace perdure {

class ProposalRecords {
public:
  ProposalRecords(clang::ASTContext &Context, llvm::StringRef MainFile)
      : Context(Context), MainFile(MainFile) {}

  // Walks the whole unit.
  std::vector<std::string> collect();

  void addFunction(const clang::FunctionDecl &F);
  void addGlobal(const clang::VarDecl &V);
  void addType(const clang::RecordDecl &Record);
  void add(std::initializer_list<std::string> Fields);

  // How the records call a function or variable: FILE:NAME if no other unit can mean it.
  std::string id(const clang::NamedDecl &D) const;
  std::string line(clang::SourceLocation Loc) const;

private:
  std::string file(const clang::NamedDecl &D) const;
  bool isForeign(clang::SourceLocation Loc) const;

  clang::ASTContext &Context;
  std::string MainFile;
  std::set<std::string> Records;
};

// Adds what the body of F does: calls, stores, allocations, locks.
void addBody(ProposalRecords &Records, const clang::FunctionDecl &F);

} // namespace perdure

#endif
