// SPDX-License-Identifier: Apache-2.0
//
// Follows quotes, comments, plain scalars and the nesting of flow lists. See flow_colons.h.
#include "flow_colons.h"

namespace perdure {
namespace {

class Scanner {
public:
  explicit Scanner(llvm::StringRef Text) : Text(Text), Hidden(Text.str()) {}

  std::string run() {
    while (At < Text.size()) {
      char C = Text[At];
      if (C == '"' || C == '\'')
        skipQuoted(C);
      else if (C == '#')
        skipLine();
      else if (C == '[' || C == '{')
        ++Depth, ++At;
      else if (C == ']' || C == '}')
        Depth -= Depth > 0, ++At;
      else if (isBlank(At) || C == ',' || isValueColon(At) || (C == '-' && isBlank(At + 1)))
        ++At;
      else
        skipPlain();
    }
    return std::move(Hidden);
  }

private:
  bool isAnyOf(size_t Place, llvm::StringRef Set) const {
    return Place >= Text.size() || Set.contains(Text[Place]);
  }
  bool isBlank(size_t Place) const { return isAnyOf(Place, " \t\r\n"); }
  // Ends a key: before a blank, in a flow list also before an indicator or after a quoted key.
  bool isValueColon(size_t Place) const {
    return Text[Place] == ':' && (isBlank(Place + 1) || (Depth && isAnyOf(Place + 1, ",[]{}")) ||
                                  (Depth && Place > 0 && isAnyOf(Place - 1, "\"'")));
  }

  void skipQuoted(char Quote) {
    for (++At; At < Text.size() && Text[At] != Quote; ++At)
      At += Quote == '"' && Text[At] == '\\';
    ++At;
  }
  void skipLine() { At = std::min(Text.find('\n', At), Text.size()); }

  // To its end, or to the end of the line.
  void skipPlain() {
    for (; At < Text.size() && Text[At] != '\n' && !isValueColon(At); ++At) {
      if ((Depth && isAnyOf(At, ",[]{}")) || (Text[At] == '#' && At > 0 && isBlank(At - 1)))
        return;
      if (Depth && Text[At] == ':')
        Hidden[At] = 'c';
    }
  }

  llvm::StringRef Text;
  std::string Hidden;
  size_t At = 0;
  unsigned Depth = 0; // of flow lists and maps
};

} // namespace

std::string hideFlowColons(llvm::StringRef Text) { return Scanner(Text).run(); }

} // namespace perdure
