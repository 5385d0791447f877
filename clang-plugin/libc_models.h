// SPDX-License-Identifier: Apache-2.0
//
// What functions outside the program write, as data. A model is a comma-separated list
// TARGET:LENGTH, the language of `extern_writes` in the port file and a little more:
//   TARGET  N          the memory argument N points to ("ret": the returned pointer)
//           N...       argument N and all pointer arguments after it
//           [N+K]+D    the pointer stored at byte K of that memory, plus D bytes (K, D optional)
//   LENGTH  products of  ret | ret+1 | aN | decimal,  "x<y" for the smaller of two; a negative
//           factor counts as 0 (a call that failed wrote nothing)
//           string | wstring | object | iovec | message | messages
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <llvm/ADT/StringRef.h>

#include <optional>

namespace perdure {

// The model of a libc, libm, POSIX or C++ runtime function; empty if there is none, "none" if it
// writes no memory of its caller's (or, like a mutex, none that has to survive).
llvm::StringRef modelOf(llvm::StringRef function);

// The runtime's replacement for a C++ runtime function that writes to nodes it is not passed; empty
// if there is none. Same type.
llvm::StringRef replacementOf(llvm::StringRef function);

// True for a C++ runtime function without a model that is known to write only what its arguments
// point to, so that recording those objects is enough.
bool writesItsArgumentsOnly(llvm::StringRef function);

// Index of the format argument of a function of the printf family.
std::optional<unsigned> formatArgumentOf(llvm::StringRef function);
// Whether FORMAT has a %n, for which printf writes to an argument.
bool hasCountConversion(llvm::StringRef format);

// Functions of libstdc++ that give a string of the program a buffer. ALLOCATOR: the mangled name of
// the allocating function of its characters.
struct StringInput {
  llvm::StringLiteral function;
  llvm::StringLiteral replacement;
  llvm::StringLiteral allocator;
};
llvm::ArrayRef<StringInput> stringInputs();

} // namespace perdure
