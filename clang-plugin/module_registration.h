// SPDX-License-Identifier: Apache-2.0
//
// What a unit tells the runtime before any constructor of the program runs: struct
// perdure_module_info with its roots, locks, type descriptors and recovery functions.
#pragma once

#include "facts_reader.h"

namespace perdure {

// REQUIRES: the persistent globals still have their definitions.
void emitRegistration(llvm::Module &module, const Facts &facts);

} // namespace perdure
