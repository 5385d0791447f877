// SPDX-License-Identifier: Apache-2.0
//
// Names of functions and variables from a file's own symbol table (.symtab): unlike the dynamic
// one, that dladdr() reads, it has what is not exported. A stripped file has none.
#pragma once

#include <cstdint>
#include <string>

namespace perdure {

struct ElfSymbol {
  std::string name; // empty: none holds the address
  uint64_t start;
};

// The symbol of FILE that holds ADDRESS, as the file numbers addresses (before it was loaded).
ElfSymbol find_elf_symbol(const char *file, uint64_t address);

} // namespace perdure
