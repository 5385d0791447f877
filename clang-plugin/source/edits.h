// SPDX-License-Identifier: Apache-2.0
//
// Changes of one file's text: pieces wrapped around a range, and tokens replaced. Several sites may
// touch one place (an lvalue inside another's), so the order is kept: what is wrapped first stands
// outside. The same change twice is one, since a macro's definition or a header is met at every
// use.
#ifndef PERDURE_SOURCE_EDITS_H
#define PERDURE_SOURCE_EDITS_H

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "llvm/ADT/StringRef.h"

namespace perdure {

class FileEdits {
public:
  // The text before and after [Begin, End). False: the range has another wrapping already, and
  // neither can stand for both. A persistent store's wrapping stands for a relaxed one's.
  bool wrap(unsigned Begin, unsigned End, llvm::StringRef Before, llvm::StringRef After);
  // TEXT in place of [Begin, End); an insertion if they are the same. False: it has another
  // already.
  bool replace(unsigned Begin, unsigned End, llvm::StringRef Text);

  // What another unit that includes the file found; false as above.
  bool merge(const FileEdits &Other);

  // An offset inside a piece that is replaced where something else is to be changed: one macro's
  // text, changed for two kinds of use.
  std::optional<unsigned> conflict() const;

  bool empty() const { return Wraps.empty() && Replacements.empty(); }
  // {offset, length, text}, by offset; none touches another if there is no conflict.
  struct Change {
    unsigned Offset, Length;
    std::string Text;
  };
  std::vector<Change> changes() const;
  std::string apply(llvm::StringRef Original) const;

private:
  using Range = std::pair<unsigned, unsigned>;
  struct Wrap {
    std::string Before, After;
  };
  std::map<Range, Wrap> Wraps;
  std::map<Range, std::string> Replacements;
};

} // namespace perdure

#endif
