// SPDX-License-Identifier: Apache-2.0
//
// `perdure propose`: drafts a port file for a program that was compiled in propose mode.
// docs/porting.md shows how the draft is used and how much of two real port files it names.
#pragma once

#include "status.h"
#include <string>
#include <vector>

namespace perdure {

struct ProposeOptions {
  std::string program;
  std::vector<std::string> keep; // types whose objects should last; none: all that may
};

// Prints the port file. Errors: no facts in the file; a type it does not have.
Status propose_port(const ProposeOptions &options);

} // namespace perdure
