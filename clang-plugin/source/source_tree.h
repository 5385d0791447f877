// SPDX-License-Identifier: Apache-2.0
//
// The ported program: the changes of all units merged (a header is written once), laid out as the
// source was, with a report and a diff beside it. Written to a directory of its own that gets its
// name when it is complete.
#ifndef PERDURE_SOURCE_SOURCE_TREE_H
#define PERDURE_SOURCE_SOURCE_TREE_H

#include <vector>

#include "unit_source.h"

namespace perdure {

class SourceTree {
public:
  // ROOT: the directory that all files of the program lie under; empty: that of all main files.
  SourceTree(std::vector<UnitSource> Units, std::string Root);

  // Empty, or why the tree cannot be made.
  std::string merge();
  // To the directory OUT, which must be empty or missing. Empty, or what went wrong.
  std::string write(llvm::StringRef Out) const;
  // One line.
  std::string summary() const;

private:
  struct File {
    std::string Original, Text;
    FileEdits Edits;
    bool Generated = false;
  };
  std::string add(const UnitSource &Unit);
  std::string read(const std::string &Path, File &Into) const;
  std::string relative(llvm::StringRef Path) const;
  std::string textReport() const;
  std::string jsonReport() const;

  std::vector<UnitSource> Units;
  std::string Root;
  std::map<std::string, File> Files; // by absolute path
  std::multiset<Site> Sites;
  std::map<Site, std::string> Left;
  std::string Diff;
  unsigned LinesChanged = 0, FilesChanged = 0;
};

} // namespace perdure

#endif
