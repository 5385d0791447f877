// SPDX-License-Identifier: Apache-2.0
//
// What `perdure info` and `perdure check` both say of a pool.
#pragma once

#include "pool_facts.h"
#include "pool_view.h"

namespace perdure {

void add_superblock(PoolFacts &facts, const Pool &pool);
void add_log(PoolFacts &facts, const Pool &pool, const RecoveryReport &log);
// Counts of roots and types. REQUIRES: VIEW was replayed. Errors: either table is damaged.
Status add_layouts(PoolFacts &facts, const PoolView &view);

} // namespace perdure
