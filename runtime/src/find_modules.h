// SPDX-License-Identifier: Apache-2.0
//
// Finds the modules of the program and its shared objects by their ELF notes (perdure/abi.h),
// before any constructor of theirs has run.
#pragma once

#include "perdure/abi.h"
#include <vector>

namespace perdure {

// Shared objects before those that need them, as far as load order tells.
std::vector<const perdure_module_info *> find_loaded_modules();

} // namespace perdure
