// SPDX-License-Identifier: Apache-2.0
//
// The keys of the benchmarks: numbers from 0 on, scrambled so that neighbours in one order are none
// in another.
#pragma once

#include <cstdint>

namespace bench {

inline uint64_t key_of(uint64_t number) { return number * 0x9e3779b97f4a7c15u; }

} // namespace bench
