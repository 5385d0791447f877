// SPDX-License-Identifier: Apache-2.0
//
// The port file: what is persistent in a program whose source nobody may touch, in YAML. Reading it
// yields settings of the whole program, and entries: symbol references with the mark (marks.h) that
// an attribute at the symbol's declaration would have given. port_match.h finds the symbols.
// docs/port_file.md is the reference.
#ifndef PERDURE_PORT_FILE_H
#define PERDURE_PORT_FILE_H

#include <optional>
#include <string>
#include <vector>

#include "clang/Basic/SourceLocation.h"
#include "llvm/ADT/StringRef.h"

namespace clang {
class CompilerInstance;
class DiagnosticsEngine;
} // namespace clang

namespace perdure {

enum class PortSubject { Type, Global, Field, Function };

struct PortEntry {
  PortSubject Subject = PortSubject::Function;
  std::string File;  // main source file of the unit that has the symbol; empty: any
  std::string Name;  // qualified; a glob if IsGlob
  std::string Field; // path of the field; empty: the whole symbol
  bool IsGlob = false;
  bool NeedsDefinition = false; // a declaration alone is no match
  std::string Mark;
  std::string Argument;

  std::string Text; // the reference as written
  clang::SourceLocation Location;
  unsigned Line = 0;
  unsigned Column = 0;

  // Filled by port_match.cpp.
  bool Matched = false;
  bool Reported = false; // an error about it was given
};

struct PortFile {
  std::string Path;
  std::string Identity; // hash of the contents
  std::vector<std::string> Programs;
  std::optional<std::string> Heap;
  std::optional<std::string> Threads;
  std::optional<bool> Strict;
  std::vector<PortEntry> Entries;
};

// Reads the file; what is wrong in it is an error at its place. Nothing if it can't be used.
std::optional<PortFile> readPortFile(clang::CompilerInstance &CI, llvm::StringRef Path);

// The candidate nearest to Name in spelling, if one is near enough to be meant; Distance in edits.
std::string nearestName(llvm::StringRef Name, llvm::ArrayRef<std::string> Candidates,
                        unsigned *Distance = nullptr);

// "; did you mean 'NEAREST'?", or nothing.
std::string didYouMean(llvm::StringRef Nearest);

} // namespace perdure

#endif
