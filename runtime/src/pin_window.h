// SPDX-License-Identifier: Apache-2.0
//
// The memory of pins: the slot behind the pool's. It is no part of the image; each start fills it
// from the program as it is loaded now. Stubs are executable, tables read-only, and neither can be
// written while the program runs: a late one takes its page's place with a page made elsewhere.
#pragma once

#include "pins.h"

namespace perdure {

// Maps the window, all writable. Errors: its addresses are taken.
Status map_pin_window();
// After the first pins were put: stubs and tables are protected.
Status protect_pin_window();

// Makes PIN's address lead to its target. A variable is given its initial value. Errors: no memory.
// REQUIRES: map_pin_window(); for a variable that nobody has used it yet.
Status put_pin(const Pin &pin);
// A call of the function at ADDRESS becomes a call of HANDLER, with kStubCallEnd bytes of the stub
// behind it and the stack aligned in any way. REQUIRES: protect_pin_window()
Status put_missing_function(uint64_t address, void (*handler)());

} // namespace perdure
