// SPDX-License-Identifier: Apache-2.0
//
// What types say, held against the bytes: sizes of roots, and typed pointers that lead out
// of the pool or to no live object. Only what is certain is a doubt: objects are followed from the
// roots by typed pointers, and no field that shares its bytes with another (a union) is judged, nor
// anything past the first object of a block that may hold an array or just be larger than asked
// for.
#pragma once

#include "doubts.h"
#include "typed_memory.h"

namespace perdure {

// Roots whose sizes contradict their types.
void check_root_sizes(const TypedMemory &memory, Doubts &doubts);
// Says in FACTS how many objects and pointers it looked at.
void check_pointers(const TypedMemory &memory, PoolFacts &facts, Doubts &doubts);

} // namespace perdure
