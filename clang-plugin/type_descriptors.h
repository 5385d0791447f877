// SPDX-License-Identifier: Apache-2.0
//
// Descriptors of the types whose objects live in the pool: name, size, fields with offset, size and
// type. The pool keeps them, to refuse a changed layout and to dump objects readably.
// docs/pool_format.md has the grammar of a type's text.
#ifndef PERDURE_TYPE_DESCRIPTORS_H
#define PERDURE_TYPE_DESCRIPTORS_H

#include <string>
#include <vector>

#include "facts.h"

#include "clang/AST/Type.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"

namespace clang {
class ClassTemplateSpecializationDecl;
class CXXRecordDecl;
class FieldDecl;
class VarDecl;
} // namespace clang

namespace perdure {

class TypeDescriptors {
public:
  explicit TypeDescriptors(const clang::ASTContext &Context) : Context(Context) {}

  // Describes the type, what its objects contain and what they point to, as far as it is complete
  // in this unit. Scalars need no descriptor. OWNER names a record that has no name of its own.
  void add(clang::QualType Type, llvm::StringRef Owner);
  void add(const clang::RecordDecl &Record);

  // A variable of which only the fields PATHS are persistent: they are all its descriptor has,
  // under the name returned.
  std::string addParts(const clang::VarDecl &V, llvm::StringRef Key,
                       llvm::ArrayRef<llvm::StringRef> Paths);

  // {name, size, ("field", offset, size, type)...}, each type once.
  const std::vector<Fact> &rows();

  // The name under which a type is known in the pool. REQUIRES: it was added
  std::string nameOf(clang::QualType Type) const;

private:
  void describe(const clang::RecordDecl &Record);
  void describeBases(const clang::CXXRecordDecl &Class, Fact &Row);
  void describeFields(const clang::RecordDecl &Record, uint64_t Base, Fact &Row);
  bool describeContainer(const clang::ClassTemplateSpecializationDecl &Class, Fact &Row);
  std::string fieldType(const clang::FieldDecl &Field, uint64_t Bit, llvm::StringRef Owner);

  const clang::ASTContext &Context;
  llvm::SetVector<const clang::RecordDecl *> Known;
  size_t Described = 0;                                           // of Known
  llvm::DenseMap<const clang::RecordDecl *, std::string> Unnamed; // names given to records without
  std::vector<Fact> Rows;
};

} // namespace perdure

#endif
