// SPDX-License-Identifier: Apache-2.0
//
// Standard containers in the pool, without a change to their types: which instances of
// std::allocator make pool memory, and the members of libstdc++ templates that would otherwise run,
// uninstrumented, in libstdc++.so. Which instances: those for elements that are persistent or are
// held by value, through containers, in a persistent object. (A std::string is a container of char:
// a unit with a persistent one keeps all its strings in the pool.)
#ifndef PERDURE_STANDARD_CONTAINERS_H
#define PERDURE_STANDARD_CONTAINERS_H

#include <set>
#include <string>
#include <vector>

#include "clang/AST/Type.h"

namespace clang {
class ASTContext;
class ClassTemplateSpecializationDecl;
class FunctionDecl;
class Preprocessor;
class RecordDecl;
class TemplateArgument;
} // namespace clang

namespace perdure {

class StandardContainers {
public:
  explicit StandardContainers(clang::ASTContext &Context) : Context(Context) {}

  // At the end of the unit: marks the allocating functions. Records for the driver what it decided,
  // since all units of a program must decide alike: "element pool|volatile TYPE FILE".
  void mark(llvm::StringRef MainFile, std::vector<std::string> &Records);

  void addPersistent(clang::QualType Type);
  void decide(clang::FunctionDecl &F, std::set<std::string> &Records);

private:
  void addHeld(clang::QualType Type);
  void addArguments(const clang::ClassTemplateSpecializationDecl &Container);
  void addElement(clang::QualType Type);
  bool isPoolElement(clang::QualType Type) const;

  clang::ASTContext &Context;
  std::set<const clang::Type *> Elements;
  std::set<const clang::RecordDecl *> Walked;
  bool HasHashTable = false;
};

// Makes libstdc++ declare no explicit instantiation of std::string and the string streams, so that
// their members are compiled, and instrumented, in the unit. In C++20 mode libstdc++ does most of
// that itself; _GLIBCXX_EXTERN_TEMPLATE can't be set from outside.
void compileStringMembers(clang::Preprocessor &PP);

} // namespace perdure

#endif
