// SPDX-License-Identifier: Apache-2.0
//
// The program's view of the pool: the slot of address space at PERDURE_BASE. What earlier runs left
// is a private, copy-on-write mapping of the image; what was never written is anonymous memory,
// with huge pages in the heap. Nothing stored here reaches a file by itself.
#pragma once

#include "status.h"
#include <cstdint>

namespace perdure {

// Whether this process's mappings leave the slot free, or it is ours already. Errors: taken; names
// what holds it. Lets a caller find out before it touches a pool.
Status slot_is_free();

// Maps metadata and root window as anonymous memory: a program without a pool. No effect if the
// slot is mapped already.
Status map_volatile_image();

// Maps [0, IMAGE_BYTES) of the image, and anonymous memory up to LIMIT. Replaces
// map_volatile_image()'s mapping, whose content is lost. REQUIRES: IMAGE_BYTES <= LIMIT, both
// multiples of the page size.
Status map_working_image(int image_fd, uint64_t image_bytes, uint64_t limit);

// Maps anonymous memory without huge pages at [BEGIN, BEGIN + SIZE), outside the slot. Errors:
// taken.
Status map_beside_image(uint64_t begin, uint64_t size);

// Undoes either of the first two. For tests.
void unmap_working_image();

} // namespace perdure
