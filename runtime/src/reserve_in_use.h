// SPDX-License-Identifier: Apache-2.0
//
// The disk space that a program reserves as it takes roots and segments, reserved again for an
// image that was copied without it: holes in what is in use must not meet a full disk later.
#pragma once

#include "status.h"
#include <cstddef>
#include <cstdint>
#include <functional>

namespace perdure {

using ReserveRange = std::function<Status(uint64_t offset, uint64_t size)>;

// METADATA: image offset 0, up to kMetadataEnd. LIMIT: bytes of the image. Trusts none of it.
// Errors: RESERVE's.
Status reserve_in_use(const ReserveRange &reserve, std::byte *metadata, uint64_t limit);

} // namespace perdure
