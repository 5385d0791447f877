// SPDX-License-Identifier: Apache-2.0
//
// What the AST half hands over to the IR half: rows of strings, written to the module as named
// metadata before any other pass runs. facts_reader.h is the other half and docs/hook_abi.md lists
// the rows. Metadata is the only way across, so that IR tests can write it by hand.
#ifndef PERDURE_FACTS_H
#define PERDURE_FACTS_H

#include <memory>
#include <string>
#include <vector>

namespace llvm {
class PassBuilder;
} // namespace llvm

namespace perdure {

using Fact = std::vector<std::string>;

struct UnitFacts {
  std::vector<Fact> Unit;      // {key, value}
  std::vector<Fact> Functions; // {symbol, fact, arguments...}
  std::vector<Fact> Globals;   // {symbol, fact, arguments...}
  std::vector<Fact> Types;     // {name, size, ("field", offset, size, type)...}
  // Symbols of functions that system headers declare; those the module calls become facts.
  std::vector<std::string> LibraryFunctions;
  // Written to the object file's section "perdure_port", for the check after linking.
  std::vector<std::string> PortRecords;
  // The same for "perdure_facts", from which `perdure propose` drafts a port file.
  std::vector<std::string> ProposalRecords;
};

// Makes the pipeline write the facts at its start. They are filled in before the pipeline runs.
void registerFactsWriter(llvm::PassBuilder &Builder, std::shared_ptr<const UnitFacts> Facts);

} // namespace perdure

#endif
