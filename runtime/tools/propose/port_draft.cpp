// SPDX-License-Identifier: Apache-2.0
//
// See port_draft.h.
#include "port_draft.h"
#include <algorithm>
#include <cstdio>

namespace perdure::propose {
namespace {

constexpr int kReasonColumn = 46;

// A plain scalar may begin with neither, and ": " would end a key.
std::string quoted(const std::string &text) {
  const bool needs = text.find_first_of("{}[],&*#?|<>=!%@`\"'~ ") != std::string::npos;
  return needs ? "\"" + text + "\"" : text;
}

void print_entry(const DraftEntry &entry, const std::string &indent) {
  std::string text = indent + (entry.is_doubtful ? "# " : "");
  text += entry.is_pair ? entry.text : "- " + quoted(entry.text);
  std::printf("%-*s # %s\n", kReasonColumn, text.c_str(), entry.reason.c_str());
}

// A key with nothing below it but comments is null, which only lists take.
void print_list(const DraftList &list, const std::string &key, const std::string &indent) {
  for (const std::string &line : list.comment)
    std::printf("%s# %s\n", indent.c_str(), line.c_str());
  const bool is_empty_mapping =
      std::all_of(list.entries.begin(), list.entries.end(),
                  [](const DraftEntry &entry) { return entry.is_doubtful && entry.is_pair; });
  std::printf("%s%s%s:\n", indent.c_str(), is_empty_mapping ? "# " : "", key.c_str());
  for (const bool doubtful : {false, true})
    for (const DraftEntry &entry : list.entries)
      if (entry.is_doubtful == doubtful)
        print_entry(entry, indent + "  ");
}

} // namespace

void print_draft(const std::vector<std::string> &head, const std::vector<DraftList> &lists) {
  for (const std::string &line : head)
    std::printf("%s\n", line.c_str());
  std::string mapping;
  for (const DraftList &list : lists) {
    if (list.entries.empty())
      continue;
    const size_t slash = list.key.find('/');
    if (slash == std::string::npos) {
      std::printf("\n");
      print_list(list, list.key, "");
      mapping.clear();
      continue;
    }
    if (list.key.substr(0, slash) != mapping) {
      mapping = list.key.substr(0, slash);
      std::printf("\n%s:\n", mapping.c_str());
    }
    print_list(list, list.key.substr(slash + 1), "  ");
  }
}

} // namespace perdure::propose
