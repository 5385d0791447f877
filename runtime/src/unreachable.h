// SPDX-License-Identifier: Apache-2.0
//
// Which live blocks no root reaches. Conservative: any 8 bytes at any address in a root or a
// reached block that hold an address in a block reach it, whatever the type, so packed structures,
// tagged pointers and pointers into the middle count; so does the address just past a block, unless
// another begins there. What a program encodes otherwise (compressed, xor-ed, as a difference) does
// not.
#pragma once

#include "heap.h"
#include <vector>

namespace perdure {

struct Block {
  uint64_t offset; // in the image
  uint64_t size;
};

// BASE: where image offset 0 is mapped. In address order.
std::vector<Block> unreachable_blocks(const std::byte *base, const Heap &heap,
                                      const std::vector<Block> &roots);

} // namespace perdure
