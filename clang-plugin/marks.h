// SPDX-License-Identifier: Apache-2.0
//
// Marks: how the AST half remembers what was said about a declaration. A source attribute and a
// port-file entry both become an AnnotateAttr with the text "perdure.MARK" or "perdure.MARK:ARG",
// so that marks survive redeclaration, template instantiation and precompiled headers for free.
// attributes.cpp and port_match.cpp add marks; fact_collector.cpp turns them into facts for the IR
// half. Marks of fields are emitted by Clang itself, as llvm.ptr.annotation at each member access.
#ifndef PERDURE_MARKS_H
#define PERDURE_MARKS_H

#include <optional>
#include <string>
#include <vector>

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"

namespace clang {
class Decl;
class NamedDecl;
class QualType;
class SourceLocation;
class ASTContext;
} // namespace clang

namespace perdure {

// Names of marks. Those of functions are also the names of their facts.
namespace mark {
inline constexpr llvm::StringLiteral Persistent = "persistent";
inline constexpr llvm::StringLiteral Relaxed = "relaxed";
inline constexpr llvm::StringLiteral Transient = "transient";
inline constexpr llvm::StringLiteral PersistentField = "persistent-field"; // ARG: field path
inline constexpr llvm::StringLiteral RelaxedField = "relaxed-field";
inline constexpr llvm::StringLiteral TransientField = "transient-field";
inline constexpr llvm::StringLiteral Pinned = "pinned";
inline constexpr llvm::StringLiteral Lock = "lock";
inline constexpr llvm::StringLiteral Field = "field"; // ARG: relaxed, transient-bits:MASK, ...
inline constexpr llvm::StringLiteral Transaction = "transaction";
inline constexpr llvm::StringLiteral CommitPoint = "commit-point";
inline constexpr llvm::StringLiteral Allocates = "allocates";
inline constexpr llvm::StringLiteral VolatileHeap = "volatile-heap";
inline constexpr llvm::StringLiteral PersistentScope = "persistent-scope";
inline constexpr llvm::StringLiteral VolatileScope = "volatile-scope";
inline constexpr llvm::StringLiteral RelaxedStores = "relaxed-stores";
inline constexpr llvm::StringLiteral UnrecordedInput = "unrecorded-input";
inline constexpr llvm::StringLiteral HandsOverTo = "hands-over-to";         // ARG: function
inline constexpr llvm::StringLiteral SkipIfRecovered = "skip-if-recovered"; // ARG: value
inline constexpr llvm::StringLiteral RunThenRestore = "run-then-restore";
inline constexpr llvm::StringLiteral Recovery = "recovery";
inline constexpr llvm::StringLiteral RunRecovery = "run-recovery";
inline constexpr llvm::StringLiteral NewPools = "new-pools"; // beside Recovery
inline constexpr llvm::StringLiteral GatedOutput = "gated-output";
inline constexpr llvm::StringLiteral Writes = "writes"; // ARG: model
} // namespace mark

// Adds the mark to the declaration unless it is there already.
void addMark(clang::Decl &D, llvm::StringRef Mark, llvm::StringRef Argument,
             clang::SourceLocation Loc);

// The argument of the mark ("" if it has none); nothing if no declaration of the entity carries it.
std::optional<llvm::StringRef> findMark(const clang::Decl &D, llvm::StringRef Mark);
inline bool hasMark(const clang::Decl &D, llvm::StringRef Mark) {
  return findMark(D, Mark).has_value();
}

// All arguments with which the mark is there.
std::vector<llvm::StringRef> markArguments(const clang::Decl &D, llvm::StringRef Mark);

// Whether a store to the field is always recorded: it is neither transient nor a lock.
bool isRecordedField(const clang::Decl &Field);

// What an external function writes: "none", or "ARG:LEN[,ARG:LEN...]" where ARG is an argument's
// index or "ret", and LEN is "ret", "aN", "aN*aM", a number of bytes, "string" or "object".
bool isWritesModel(llvm::StringRef Model);
inline constexpr llvm::StringLiteral WritesModelHelp =
    "\"none\" or ARGUMENT:LENGTH[,...], where ARGUMENT is an index or \"ret\" and LENGTH is "
    "\"ret\", "
    "\"aN\", \"aN*aM\", a number of bytes, \"string\" or \"object\"";

// The name by which port files and pools know an entity: scopes joined by "::", without template
// arguments, anonymous and inline namespaces. An anonymous record has its typedef's name.
std::string plainName(const clang::NamedDecl &D);

} // namespace perdure

#endif
