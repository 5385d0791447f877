// SPDX-License-Identifier: Apache-2.0
//
// What types say, held against the bytes: sizes of roots, and typed pointers that lead out of the
// pool and its pins, or to no live object. Only what is certain is a doubt: objects are followed
// from the roots by typed pointers, and no field that shares its bytes with another (a union) is
// judged, nor anything past the first object of a block that may hold an array or just be larger
// than asked for.
#pragma once

#include "doubts.h"
#include "pin_table.h"
#include "typed_pointers.h"

namespace perdure {

// Roots whose sizes contradict their types.
void check_root_sizes(const TypeRegistry &types, const TypedPointers &pointers, Doubts &doubts);
// Says in FACTS how many objects and pointers it looked at.
void check_pointers(const TypeRegistry &types, const std::vector<PinRecord> &pins,
                    const TypedPointers &pointers, PoolFacts &facts, Doubts &doubts);

} // namespace perdure
