// SPDX-License-Identifier: Apache-2.0
//
// Descriptors of the types whose objects live in the pool: name, size, fields with offset, size and
// type. The pool keeps them, to refuse a changed layout and to dump objects readably.
#ifndef PERDURE_TYPE_DESCRIPTORS_H
#define PERDURE_TYPE_DESCRIPTORS_H

#include <string>
#include <vector>

#include "facts.h"

#include "clang/AST/Type.h"
#include "llvm/ADT/SetVector.h"

namespace perdure {

class TypeDescriptors {
public:
  explicit TypeDescriptors(const clang::ASTContext &Context) : Context(Context) {}

  // Describes the type and every type its objects contain by value. Scalars need no descriptor.
  void add(clang::QualType Type);
  void add(const clang::RecordDecl &Record);

  // {name, size, ("field", offset, size, type)...}, each type once.
  const std::vector<Fact> &rows() const { return Rows; }

  // The name under which a type is known in the pool.
  std::string nameOf(clang::QualType Type) const;

private:
  void describe(const clang::RecordDecl &Record);

  const clang::ASTContext &Context;
  llvm::SetVector<const clang::RecordDecl *> Known;
  std::vector<Fact> Rows;
};

} // namespace perdure

#endif
