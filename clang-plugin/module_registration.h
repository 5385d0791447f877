// SPDX-License-Identifier: Apache-2.0
//
// What a unit tells the runtime before any constructor of the program runs: struct
// perdure_module_info with its roots, locks, type descriptors, recovery functions and pins.
#pragma once

#include "pinned_symbols.h"

namespace perdure {

// REQUIRES: persistent globals and pinned variables still have their definitions.
void emitRegistration(llvm::Module &module, const Facts &facts,
                      const std::vector<PinnedSymbol> &symbols);

} // namespace perdure
