// SPDX-License-Identifier: Apache-2.0
//
// Bytes of the image that belong to nothing must be zero, since whatever takes them next relies on
// it: the root window outside the roots, and segments at or past the heap's frontier.
#pragma once

#include "doubts.h"
#include "heap.h"
#include "pool_view.h"
#include "type_registry.h"

namespace perdure {

// REQUIRES: VIEW was replayed, its heap and roots are sound.
void check_unowned_bytes(const PoolView &view, const TypeRegistry &layouts, const Heap &heap,
                         Doubts &doubts);

} // namespace perdure
