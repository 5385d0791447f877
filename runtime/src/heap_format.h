// SPDX-License-Identifier: Apache-2.0
//
// The heap's durable metadata, byte for byte: heap header and segment table below the root window,
// and the header of every segment that is divided into units. A word changes by one atomic store
// and is recorded after it. docs/heap_format.md numbers the invariants; heap_check.cpp checks them.
#pragma once

#include "heap_layout.h"
#include <bit>
#include <cstddef>
#include <cstdint>

namespace perdure {

inline constexpr uint64_t kHeapMagic = 0x3170616568647270; // "prdheap1"
inline constexpr uint32_t kHeapVersion = 1;
inline constexpr uint64_t kSegmentMagic = 0x3174696e75647270; // "prdunit1"

// Offsets in the image.
inline constexpr uint64_t kHeapHeaderOffset = 0;
inline constexpr uint64_t kSegmentTableOffset = 64ull << 10;
inline constexpr uint64_t kRootTableOffset = 4ull << 20;

inline constexpr uint32_t kSegmentCountMax = (kSlotSize - kHeapOffset) / kSegmentSize;
inline constexpr uint64_t kPageSize = 4096;
inline constexpr uint64_t kUnitSize = 64ull << 10;
inline constexpr uint32_t kUnitsPerSegment = kSegmentSize / kUnitSize;
inline constexpr uint32_t kBitmapWords = 64; // for the smallest class: a bit for each 16 bytes

struct HeapHeader {
  uint64_t magic;       // another file, or a metadata page that was never written
  uint32_t version;     // a layout this code does not know
  uint32_t reserved0;   // 0
  uint64_t limit_bytes; // of the heap when it was formatted
  uint64_t frontier;    // segments from here on were never used: their bytes are zero
  uint64_t reserved[508];
};

enum class SegmentKind : uint8_t {
  kFree = 0,      // as fresh memory is
  kUnits = 1,     // divided into units
  kLarge = 2,     // first of a large extent
  kLargeTail = 3, // a later one of it
};

struct SegmentEntry {
  SegmentKind kind;
  uint8_t reserved[3]; // 0
  uint32_t value;      // kLarge: its pages. kLargeTail: distance to the first segment. Else 0
};

enum class UnitKind : uint8_t {
  kFree = 0,
  kHeader = 1, // unit 0, which holds the segment header
  kSlab = 2,   // first unit of a slab
  kExtent = 3, // first unit of a medium extent
  kTail = 4,   // a later unit of either
};

struct UnitDescriptor {
  UnitKind kind;
  uint8_t size_class; // kSlab
  uint8_t units;      // kSlab, kExtent: length of the run
  uint8_t distance;   // kTail: to the first unit of the run
  uint32_t reserved;  // 0
};

struct SegmentHeader {
  uint64_t magic; // a header page that was lost or overwritten by a large extent
  uint64_t index; // a header page that lies at the wrong place
  uint64_t reserved0[6];
  uint64_t units[kUnitsPerSegment]; // UnitDescriptor; all that attaching reads lies in one page
  uint64_t reserved1[440];
  uint64_t bitmaps[kUnitsPerSegment][kBitmapWords]; // of the slab that starts at the unit; 1: live
};

static_assert(sizeof(HeapHeader) == 4096 && offsetof(HeapHeader, limit_bytes) == 16 &&
              offsetof(HeapHeader, frontier) == 24 && offsetof(HeapHeader, reserved) == 32);
static_assert(sizeof(SegmentEntry) == 8 && offsetof(SegmentEntry, value) == 4);
static_assert(sizeof(UnitDescriptor) == 8 && offsetof(UnitDescriptor, reserved) == 4);
static_assert(offsetof(SegmentHeader, units) == 64 && offsetof(SegmentHeader, bitmaps) == 4096);
static_assert(sizeof(SegmentHeader) == 36864 && sizeof(SegmentHeader) <= kUnitSize);
static_assert(kSegmentTableOffset + kSegmentCountMax * sizeof(SegmentEntry) <= kRootTableOffset);
static_assert(kSegmentCountMax == 258048 && kUnitsPerSegment == 64);

inline uint64_t to_word(SegmentEntry entry) { return std::bit_cast<uint64_t>(entry); }
inline uint64_t to_word(UnitDescriptor unit) { return std::bit_cast<uint64_t>(unit); }

} // namespace perdure
