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

// The shared object of MODULE stays in memory whoever closes it: the runtime keeps pointers into
// it, and another one, loaded where it was, would be taken for it.
void keep_loaded(const perdure_module_info &module);

} // namespace perdure
