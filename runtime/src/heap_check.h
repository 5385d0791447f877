// SPDX-License-Identifier: Apache-2.0
//
// Whether heap metadata is sound. Reads only the pool, trusts none of it, and names the first
// unsoundness. Attaching checks what later lookups rely on (header, table, descriptors); a full
// check also reads bitmaps and reserved bytes.
#pragma once

#include "heap_image.h"

namespace perdure {

Status check_header(const HeapImage &image);
// REQUIRES: check_header() is ok
Status check_segments(const HeapImage &image);
// REQUIRES: check_segments() is ok
Status check_details(const HeapImage &image);

} // namespace perdure
