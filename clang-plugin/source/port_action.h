// SPDX-License-Identifier: Apache-2.0
//
// The front-end action of perdure-port: the AST half as the plugin runs it, then the port of the
// text.
#ifndef PERDURE_SOURCE_PORT_ACTION_H
#define PERDURE_SOURCE_PORT_ACTION_H

#include <memory>
#include <set>
#include <vector>

#include "unit_source.h"

#include "clang/Tooling/Tooling.h"

namespace perdure {

struct PortSettings {
  std::string PortFile, Heap, Threads; // empty: not given
};

// What units found of the port file's entries (port_match.h): one must be found by some unit.
class PortRecords {
public:
  void add(const std::vector<std::string> &Records) { All.insert(Records.begin(), Records.end()); }
  // False, with a line for each entry that matches nothing.
  bool check(llvm::raw_ostream &Errors) const;

private:
  std::set<std::string> All;
};

// False, with a line for each function that may write through a call's arguments, if none of the
// units defines it and STRICT says so; a warning otherwise.
bool checkUndefined(const std::vector<UnitSource> &Units, llvm::raw_ostream &Errors);

// Appends a UnitSource for each unit.
std::unique_ptr<clang::tooling::FrontendActionFactory>
portActions(const PortSettings &Settings, std::vector<UnitSource> &Units, PortRecords &Records);

} // namespace perdure

#endif
