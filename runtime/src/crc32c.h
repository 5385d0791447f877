// SPDX-License-Identifier: Apache-2.0
//
// CRC-32C (Castagnoli) by ISA-L, which interleaves three streams of the CPU's crc32 instruction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <isa-l/crc.h>

namespace perdure {

// Continues CRC (0 to start) over SIZE bytes.
inline uint32_t crc32c(uint32_t crc, const void *data, size_t size) {
  auto *bytes = static_cast<unsigned char *>(const_cast<void *>(data)); // read only, by its manual
  while (size > (1u << 30)) {
    crc = ~crc32_iscsi(bytes, 1 << 30, ~crc);
    bytes += 1 << 30;
    size -= 1 << 30;
  }
  return ~crc32_iscsi(bytes, static_cast<int>(size), ~crc);
}

} // namespace perdure
