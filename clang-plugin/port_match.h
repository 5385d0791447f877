// SPDX-License-Identifier: Apache-2.0
//
// Finds the symbols that port-file entries name and puts the entries' marks on them, declaration by
// declaration and before Clang generates code for what uses them. An entry that names a file must
// match when that file is compiled; for the others the unit writes down what it found, and the
// driver checks the whole program after linking (driver/port_check.cpp reads these records).
#ifndef PERDURE_PORT_MATCH_H
#define PERDURE_PORT_MATCH_H

#include <set>

#include "port_file.h"

#include "clang/AST/Decl.h"
#include "llvm/ADT/StringMap.h"

namespace perdure {

class PortMatcher {
public:
  PortMatcher(PortFile Port, clang::ASTContext &Context, llvm::StringRef MainFile);

  const PortFile &port() const { return Port; }

  // Looks at a declaration and everything declared inside it.
  void visitAll(clang::Decl &D);
  // Looks at the declaration alone.
  void visit(clang::NamedDecl &D);

  // After the last declaration: errors for entries of this file that match nothing.
  void reportUnmatched();

  // For the object file, in a form that linkers can merge; one string each, fields separated by
  // tabs:  port ID PATH PROGRAMS | entry ID LINE:COLUMN TEXT | match ID LINE:COLUMN
  //      | near ID LINE:COLUMN DISTANCE NAME
  std::vector<std::string> records() const;

private:
  using Entries = llvm::SmallVector<PortEntry *, 2>;

  void visitType(clang::NamedDecl &D, clang::RecordDecl &Record);
  void visitGlobal(clang::VarDecl &V);
  void visitFunction(clang::FunctionDecl &F);
  void applyField(PortEntry &Entry, clang::RecordDecl &Record);
  bool concerns(const PortEntry &Entry, const clang::NamedDecl &D) const;
  void matched(PortEntry &Entry, bool IsDefinition);
  void error(PortEntry &Entry, const llvm::Twine &Message);
  std::string nearest(const PortEntry &Entry, unsigned &Distance) const;

  PortFile Port;
  clang::ASTContext &Context;
  std::string MainFile;
  llvm::StringMap<Entries> ByName[4]; // by PortSubject
  std::vector<PortEntry *> Globs;
  std::set<std::string> Names[4]; // declared in the unit, for hints
};

} // namespace perdure

#endif
