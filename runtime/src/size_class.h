// SPDX-License-Identifier: Apache-2.0
//
// Size classes of the slabs: every 16 bytes up to 256, then eight to a doubling up to 256 KiB, so
// that a block is at most 1/8 larger than asked for (or 15 bytes, at the small end). A slab is the
// shortest run of units of which the blocks leave at most 1/8 unused. The classes are part of the
// durable format: a slab's descriptor names its class.
#pragma once

#include "heap_format.h"
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace perdure {

inline constexpr uint32_t kSizeClassCount = 96;
inline constexpr uint64_t kSlabBlockMax = 256ull << 10;

struct SizeClass {
  uint32_t block_size;
  uint32_t units;       // of a slab
  uint32_t block_count; // in a slab
  uint32_t inverse;     // ceil(2^32 / (block_size / 16)), 0 for 2^32
};

// The class of the smallest blocks that hold SIZE bytes. REQUIRES: SIZE <= kSlabBlockMax
constexpr uint32_t size_class_of(size_t size) {
  if (size <= 256)
    return size == 0 ? 0 : static_cast<uint32_t>((size - 1) / 16);
  size_t last = size - 1;
  uint32_t log2 = static_cast<uint32_t>(std::bit_width(last)) - 1;
  return 16 + (log2 - 8) * 8 + (static_cast<uint32_t>(last >> (log2 - 3)) & 7);
}

constexpr SizeClass make_size_class(uint32_t index) {
  uint32_t size = index < 16 ? 16 * (index + 1) : (9 + (index - 16) % 8) << (5 + (index - 16) / 8);
  uint32_t units = 1;
  while (units * kUnitSize % size > units * kUnitSize / 8)
    ++units;
  uint64_t inverse = ((1ull << 32) + size / 16 - 1) / (size / 16);
  return {size, units, static_cast<uint32_t>(units * kUnitSize / size),
          static_cast<uint32_t>(inverse)};
}

constexpr std::array<SizeClass, kSizeClassCount> make_size_classes() {
  std::array<SizeClass, kSizeClassCount> classes{};
  for (uint32_t i = 0; i < kSizeClassCount; ++i)
    classes[i] = make_size_class(i);
  return classes;
}

inline constexpr std::array<SizeClass, kSizeClassCount> kSizeClasses = make_size_classes();

static_assert(kSizeClasses[0].block_size == 16 && kSizeClasses[15].block_size == 256);
static_assert(kSizeClasses[16].block_size == 288 && kSizeClasses[95].block_size == kSlabBlockMax);
static_assert(kSizeClasses[0].block_count == kBitmapWords * 64);

// Index of the block that byte OFFSET of a slab lies in. Exact: OFFSET / 16 is below 2^16.
inline uint32_t block_index(const SizeClass &size_class, uint64_t offset) {
  if (size_class.inverse == 0)
    return static_cast<uint32_t>(offset / 16);
  return static_cast<uint32_t>(offset / 16 * size_class.inverse >> 32);
}

inline uint32_t bitmap_words(const SizeClass &size_class) {
  return (size_class.block_count + 63) / 64;
}

// The bits of bitmap word WORD that stand for blocks.
inline uint64_t bitmap_mask(const SizeClass &size_class, uint32_t word) {
  uint32_t blocks = size_class.block_count - word * 64;
  return blocks >= 64 ? ~0ull : (1ull << blocks) - 1;
}

} // namespace perdure
