// SPDX-License-Identifier: Apache-2.0
//
// Byte ranges of fields inside a global variable, from the record layout: which parts of it are
// volatile or relaxed. The IR half sees addresses and offsets only.
#ifndef PERDURE_LAYOUT_SPANS_H
#define PERDURE_LAYOUT_SPANS_H

#include <cstdint>
#include <string>
#include <vector>

#include "clang/AST/Type.h"
#include "llvm/ADT/StringRef.h"

namespace perdure {

struct ByteRange {
  uint64_t Offset = 0; // bytes
  uint64_t Size = 0;   // bytes
};

// More ranges than this in one variable are refused: each is checked at every store to it.
inline constexpr size_t SpansMax = 4096;

// Appends the ranges of the field at the dotted path, one for each element where the way leads
// through an array; FOUND becomes its type. On failure returns what is wrong, and the list is
// unchanged.
std::string findField(const clang::ASTContext &Context, clang::QualType Type, llvm::StringRef Path,
                      std::vector<ByteRange> &Spans, clang::QualType *Found = nullptr);

// Appends the ranges of the fields that are marked in the type, nested ones and bases included.
// False if there are more than SpansMax.
bool findMarkedFields(const clang::ASTContext &Context, clang::QualType Type,
                      std::vector<ByteRange> &Volatile, std::vector<ByteRange> &Relaxed);

// Sorts and joins ranges; then what of [0, Size) they leave.
void normalize(std::vector<ByteRange> &Spans);
std::vector<ByteRange> complement(const std::vector<ByteRange> &Normalized, uint64_t Size);

} // namespace perdure

#endif
