// SPDX-License-Identifier: Apache-2.0
//
// The port of one unit as changes of its text: what ported_unit.cpp and its parts write, and
// source_tree.cpp merges with that of other units.
#ifndef PERDURE_SOURCE_UNIT_SOURCE_H
#define PERDURE_SOURCE_UNIT_SOURCE_H

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "edits.h"

#include "clang/AST/ASTContext.h"
#include "clang/Basic/SourceManager.h"
#include "clang/Lex/Preprocessor.h"
#include "llvm/ADT/DenseSet.h"

namespace perdure {

// A place of a file, or of the macro definition in it that a site's text comes from.
struct FileRange {
  std::string File; // absolute
  clang::FileID ID;
  unsigned Begin, End;
  bool InMacro = false; // in its argument or its definition; else where the range is used
};

struct Site {
  std::string File;
  unsigned Line;
  std::string Kind; // "store", "update", "allocation", ...
  bool operator<(const Site &Other) const {
    return std::tie(File, Line, Kind) < std::tie(Other.File, Other.Line, Other.Kind);
  }
};

// A call of a function that its unit does not define, and what the lack of any definition is.
struct UndefinedCall {
  std::string Place; // file:line:column
  bool IsError;      // or a warning
};

struct UnitSource {
  std::string MainFile;                   // absolute
  bool AlreadyPorted = false;             // it includes <perdure/source.h>
  std::map<std::string, FileEdits> Edits; // by absolute path
  std::set<std::string> Files;            // of the program, as far as this unit reads them
  std::multiset<Site> Sites;
  std::vector<std::pair<Site, std::string>> Left; // not wrapped, and why
  std::set<std::string> Defined;                  // functions
  std::map<std::string, UndefinedCall> Undefined; // those that write through arguments, it may be
  std::string Head, Tail; // the generated files that MainFile includes first and last
};

// Writes changes of a unit, at places of its AST.
class SourceEditor {
public:
  SourceEditor(clang::ASTContext &Context, const clang::Preprocessor &Macros, UnitSource &Unit)
      : Context(Context), Unit(Unit), Macros(Macros) {}

  // Where a range of tokens is spelled as a whole; nothing if that is no place that can be changed.
  std::optional<FileRange> spelled(clang::SourceRange Range) const;

  // Each says what could not be done as an error at the place, and notes the site.
  void wrap(clang::SourceRange Range, llvm::StringRef Before, llvm::StringRef After,
            llvm::StringRef Kind);
  void replace(clang::SourceRange Range, llvm::StringRef Text, llvm::StringRef Kind);
  void insertAfter(clang::SourceLocation Token, llvm::StringRef Text, llvm::StringRef Kind);
  void error(clang::SourceLocation Place, const llvm::Twine &Message);
  void warn(clang::SourceLocation Place, const llvm::Twine &Message);
  void left(clang::SourceLocation Place, llvm::StringRef Kind, llvm::StringRef Why);

  // Whether the text there is the program's own: not a system header's.
  bool isProgram(clang::SourceLocation Place) const;
  std::string text(clang::SourceRange Range) const;

  clang::ASTContext &Context;
  UnitSource &Unit;

private:
  void note(const FileRange &Place, llvm::StringRef Kind);
  // Of a macro's argument that is made a string, too.
  void warnIfString(clang::SourceLocation Argument);
  std::optional<FileRange> spelledAt(clang::SourceLocation Begin, clang::SourceLocation End) const;
  std::string pathOf(clang::FileID File) const;
  const clang::Preprocessor &Macros;
  std::set<std::pair<unsigned, std::string>> Reported;
  std::set<std::tuple<std::string, unsigned, std::string>> Noted; // file, offset, kind
};

} // namespace perdure

#endif
