// SPDX-License-Identifier: Apache-2.0
//
// What this process has mapped where: tells an address of volatile memory from a number, and names
// what it points to.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace perdure {

class ProcessMap {
public:
  void refresh(); // from /proc/self/maps
  bool contains(uint64_t address) const { return find(address) != nullptr; }
  // "the stack", "the libc heap", "code: NAME+0xN in FILE", "the string "TEXT" in FILE+0xN", ...
  // REQUIRES: contains(address)
  std::string describe(uint64_t address) const;

private:
  struct Mapping {
    uint64_t begin, end;
    bool executable, writable;
    std::string name; // empty: anonymous
  };
  const Mapping *find(uint64_t address) const;

  std::vector<Mapping> mappings_; // by begin
};

// "SYMBOL+0xN in FILE", or "FILE+0xN" where no symbol is known. Empty if ADDRESS is in no
// loaded module.
std::string describe_symbol(uint64_t address);
// The same with the command that tells the source line.
std::string describe_instruction(uint64_t address);

} // namespace perdure
