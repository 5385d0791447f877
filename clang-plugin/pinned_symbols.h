// SPDX-License-Identifier: Apache-2.0
//
// Functions and virtual tables whose address the unit takes: at the very end each such use becomes
// the constant address of the symbol's pin, where the runtime puts a stub that jumps to the
// function, or a copy of the table. So the address means the same in every run and in every build.
// Direct calls stay as they are; docs/design.md says which other uses do.
#pragma once

#include "facts_reader.h"

#include <perdure/abi.h>

namespace perdure {

struct PinnedSymbol {
  std::string key;
  uint64_t address;
  llvm::GlobalValue *symbol;
  uint64_t size; // bytes at ADDRESS
  std::string signature;
  perdure_pin_kind kind;
  uint32_t flags; // enum perdure_pin_flags
};

// In the order of the first use. REQUIRES: nothing of the registration has been emitted.
std::vector<PinnedSymbol> pinSymbols(llvm::Module &module, const Facts &facts);

} // namespace perdure
