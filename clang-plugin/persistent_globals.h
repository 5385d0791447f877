// SPDX-License-Identifier: Apache-2.0
//
// Persistent globals. Early they are marked so that the optimizer neither folds, splits nor drops
// them, and their dynamic initialisers and destructors are held off recovered values. At the very
// end each becomes the constant address of its root, and its definition goes: the runtime gives the
// root its initial value from the module registration. Pinned variables likewise, in the pin
// window; they are constructed, and destroyed, in every run.
#pragma once

#include "facts_reader.h"

namespace perdure {

void markPersistentGlobals(llvm::Module &module, const Facts &facts);
void guardDynamicInitialisers(llvm::Module &module, const Facts &facts);
void replacePersistentGlobals(llvm::Module &module, const Facts &facts);

} // namespace perdure
