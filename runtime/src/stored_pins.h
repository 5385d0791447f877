// SPDX-License-Identifier: Apache-2.0
//
// Whether a program may go on with the pins that a pool's objects may point to. What the program
// lacks, or has with another signature, is looked for in all live blocks and roots: found, the pool
// is refused; else the name is forgotten. A program that has all names costs no look.
#pragma once

#include "pins.h"
#include <span>

namespace perdure {

// A part of the image whose words the program will read.
struct StoredSpan {
  uint64_t offset;   // in the image
  uint64_t size;     // bytes
  std::string owner; // key of the root
  uint64_t begin;    // the root's offset in the image
};

// Those of KNOWN that PROGRAM cannot stand for. What a module brings that is loaded later is not
// counted, unless its place is another's now.
std::vector<PinRecord> unfit_pins(const std::vector<PinRecord> &known, const Pins &program);

// Errors: a block of HEAP or a part of ROOTS holds a pointer to one of UNFIT; names each, and
// where.
Status check_not_stored(const std::string &path, const std::vector<PinRecord> &unfit,
                        const Pins &program, const std::byte *base, const Heap &heap,
                        std::span<const StoredSpan> roots);

} // namespace perdure
