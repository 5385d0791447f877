// SPDX-License-Identifier: Apache-2.0
//
// What an expression names, as far as a port file can speak of it: a global variable or a field of
// one, or a field of a type whose object is reached through a pointer.
#ifndef PERDURE_STORED_PLACES_H
#define PERDURE_STORED_PLACES_H

namespace clang {
class Expr;
class FieldDecl;
class RecordDecl;
class VarDecl;
} // namespace clang

namespace perdure {

struct StoredPlace {
  const clang::VarDecl *Global = nullptr;
  const clang::RecordDecl *Record = nullptr; // of the object a pointer leads to
  const clang::FieldDecl *Field = nullptr;   // outermost one, of Global or of Record
  bool Through = false;                      // what Global points to, not Global itself

  bool isGlobal() const { return Global && !Record && !Through; }
  bool isField() const { return Record && Field; }
};

// The place that E denotes or, if it is a pointer, the one it points to by its form (&x, an array).
// Empty for locals.
StoredPlace storedPlace(const clang::Expr &E);

} // namespace perdure

#endif
