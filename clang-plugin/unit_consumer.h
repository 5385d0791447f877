// SPDX-License-Identifier: Apache-2.0
//
// The AST half at work on one unit, declaration by declaration and always ahead of Clang's code
// generation: port-file entries are applied, allocation calls retargeted; at the end of the unit
// everything marked becomes facts for the IR half.
#ifndef PERDURE_UNIT_CONSUMER_H
#define PERDURE_UNIT_CONSUMER_H

#include <functional>
#include <memory>
#include <optional>

#include "facts.h"
#include "port_file.h"

#include "clang/AST/ASTConsumer.h"

namespace perdure {

class FactCollector;

// Settings of the unit, from the port file and the plugin's arguments (which win).
struct UnitSettings {
  std::string Heap = "annotated";
  std::string Threads = "many";
  bool Strict = false;
};

// THEN: what is to be done with the unit and its facts once they are complete.
std::unique_ptr<clang::ASTConsumer>
makeUnitConsumer(std::optional<PortFile> Port, UnitSettings Settings, std::string MainFile,
                 std::shared_ptr<UnitFacts> Facts,
                 std::function<void(clang::ASTContext &, FactCollector &)> Then = nullptr);

// Changes nothing in the unit, and writes down what a port file could say of it.
std::unique_ptr<clang::ASTConsumer> makeProposalConsumer(std::string MainFile,
                                                         std::shared_ptr<UnitFacts> Facts);

} // namespace perdure

#endif
