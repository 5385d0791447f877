// SPDX-License-Identifier: Apache-2.0
//
// At the end of a unit: its marked declarations (marks.h) as facts (facts.h), with symbols, keys
// and offsets in place of declarations and fields.
#ifndef PERDURE_FACT_COLLECTOR_H
#define PERDURE_FACT_COLLECTOR_H

#include "facts.h"
#include "type_descriptors.h"

#include "clang/AST/Mangle.h"

namespace clang {
class FunctionDecl;
class LambdaExpr;
class VarDecl;
} // namespace clang

namespace perdure {

class FactCollector {
public:
  // RecoveryHasPlace: some function of the program is named as the one before which recovery runs;
  // otherwise that is main.
  FactCollector(clang::ASTContext &Context, llvm::StringRef MainFile, bool RecoveryHasPlace,
                UnitFacts &Facts);

  // Walks the whole unit.
  void collect();

  void addFunction(const clang::FunctionDecl &F);
  void addGlobal(const clang::VarDecl &V);
  void addType(const clang::RecordDecl &Record);
  void addLambda(const clang::LambdaExpr &Lambda);

  // The variable's symbol, by which its facts are known.
  std::string symbolOf(const clang::VarDecl &V);

private:
  void addRoot(const clang::VarDecl &V, const std::string &Symbol);
  void addPinned(const clang::VarDecl &V);
  void addSpans(const clang::VarDecl &V, const std::string &Symbol);
  // The text of a root's type; what it leads to is described.
  std::string typeOf(const clang::VarDecl &V, const std::string &Key);
  std::string keyOf(const clang::VarDecl &V, const std::string &Symbol) const;

  clang::ASTContext &Context;
  clang::ASTNameGenerator Names;
  TypeDescriptors Types;
  std::string MainFile;
  bool RecoveryHasPlace;
  UnitFacts &Facts;
  uint64_t Lambdas = 0; // hash of their texts, in order
};

} // namespace perdure

#endif
