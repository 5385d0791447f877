// SPDX-License-Identifier: Apache-2.0
//
// The program's pins: functions, virtual tables and variables with a constant address, as its
// modules register them. What lies at the addresses is pin_window.h's; what the pool knows of them
// pin_table.h's.
#pragma once

#include "perdure/abi.h"
#include "pin_table.h"
#include <map>

namespace perdure {

struct Pin {
  PinRecord record;
  const void *target; // see perdure_pin_info
  uint32_t flags;     // enum perdure_pin_flags
  std::string source; // module
};

class Pins {
public:
  // Those of MODULE, loaded after the pool was opened if LATE. CHANGED gets the ones that were not
  // there before or lead elsewhere now. Errors: two names share an address, or two symbols a name.
  Status add(const perdure_module_info &module, bool late, std::vector<const Pin *> &changed);

  // Null if there is none.
  const Pin *at(uint64_t address) const;     // that begins at ADDRESS
  const Pin *around(uint64_t address) const; // that holds the byte
  const std::map<uint64_t, Pin> &all() const { return pins_; }

private:
  Status merge(Pin &known, const perdure_pin_info &info, const perdure_module_info &module,
               std::vector<const Pin *> &changed);

  std::map<uint64_t, Pin> pins_; // by address
};

// "function", "virtual table" or "pinned variable".
const char *kind_of_pin(uint32_t kind);
// The key for people: demangled.
std::string name_of_pin(const std::string &key);

} // namespace perdure
