// SPDX-License-Identifier: Apache-2.0
//
// Intrinsics that store: masked, scatter, compress, vector-predicated and the target's own. Masked
// stores log from the first to the last active lane (the full vector may end beyond the object),
// scatters each active lane.
#pragma once

#include "hook_emitter.h"

#include <llvm/IR/IntrinsicInst.h>

namespace perdure {

// True if INTRINSIC was understood: hooked, or it writes no memory that could be the pool's.
bool instrumentIntrinsic(llvm::IntrinsicInst &intrinsic, HookEmitter &emitter);

} // namespace perdure
