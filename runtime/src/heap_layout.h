// SPDX-License-Identifier: Apache-2.0
//
// Where things lie in the pool's slot of the address space. Offsets are from PERDURE_BASE and are
// the image file's offsets too: the image is this range of memory, with holes.
//
//   0          heap header, segment table, root table (metadata, METADATA_END bytes at most)
//   16 MiB     root window: persistent globals at addresses fixed by their name
//   16 GiB     heap: 4 MiB segments
//   1 TiB      end
#pragma once

#include "perdure/abi.h"
#include <cstddef>
#include <cstdint>

namespace perdure {

inline constexpr uint64_t kBase = PERDURE_BASE;
inline constexpr uint64_t kSlotSize = 1ull << PERDURE_SLOT_SHIFT;
inline constexpr uint64_t kMetadataEnd = PERDURE_ROOTS_OFFSET;
inline constexpr uint64_t kRootsOffset = PERDURE_ROOTS_OFFSET;
inline constexpr uint64_t kHeapOffset = PERDURE_ROOTS_END;
inline constexpr uint64_t kSegmentSize = 4ull << 20;

inline bool in_pool(const void *address) {
  return reinterpret_cast<uint64_t>(address) >> PERDURE_SLOT_SHIFT == PERDURE_SLOT;
}

inline uint64_t offset_of(const void *address) {
  return reinterpret_cast<uint64_t>(address) - kBase;
}

inline std::byte *address_of(uint64_t offset) {
  return reinterpret_cast<std::byte *>(kBase + offset);
}

} // namespace perdure
