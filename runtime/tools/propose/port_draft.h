// SPDX-License-Identifier: Apache-2.0
//
// A port file being drafted: keys with lists of entries, each with why it is there. Doubtful ones
// are commented out, so that the draft is valid as it stands.
#pragma once

#include <string>
#include <vector>

namespace perdure::propose {

struct DraftEntry {
  std::string text; // a symbol reference, or "NAME: class" in a mapping
  std::string reason;
  bool is_doubtful = false;
  bool is_pair = false; // of a mapping
};

struct DraftList {
  std::string key; // "persistent_globals", or "allocations/functions" for a list in a mapping
  std::vector<std::string> comment; // lines above it
  std::vector<DraftEntry> entries;
};

// Prints the lists in order on standard output. Lists of one mapping must be neighbours.
void print_draft(const std::vector<std::string> &head, const std::vector<DraftList> &lists);

} // namespace perdure::propose
