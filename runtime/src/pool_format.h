// SPDX-License-Identifier: Apache-2.0
//
// The superblock: which state of the image is durable and where the redo log continues it. Two
// checksummed copies in the file `superblock`; generation N is written to copy N % 2, so a torn
// write leaves the one before it. docs/pool_format.md explains the directory and the protocol;
// pool.cpp is the only user. Little-endian.
#pragma once

#include "log_format.h"
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace perdure {

inline constexpr uint64_t kSuperblockMagic = 0x0045525544524550; // "PERDURE\0"
// 2: the image holds the layouts of types. 3: and the names of pins. Older ones, without, are read
// and become 3 when they are opened.
inline constexpr uint32_t kPoolVersion = 3;
inline constexpr uint32_t kPoolVersionMin = 1;
inline constexpr uint64_t kSuperblockSize = 4096;
inline constexpr uint64_t kSuperblockCopies = 2;
inline constexpr uint32_t kMachineX86_64 = 62; // ELF's e_machine
inline constexpr uint32_t kPageSize = 4096;

enum SuperblockFlags : uint32_t {
  kSuperblockClean = 1, // closed in order: the image is complete, the log holds nothing newer
};

struct Superblock {
  uint64_t magic;      // not a superblock at all
  uint32_t version;    // written by a perdure that this one does not understand
  uint32_t crc;        // crc32c of the 4096 bytes with this field 0: torn or damaged copy
  uint8_t uuid[16];    // a log of another pool
  uint64_t generation; // which copy is newer
  uint32_t run;        // openings so far: tells this run's log records from an earlier run's
  uint32_t flags;      // SuperblockFlags; unknown bits are refused
  uint32_t machine;    // objects laid out by another architecture
  uint32_t page_size;
  uint64_t base_slot;     // pointers in the image assume this slot
  uint64_t heap_limit;    // bytes from base to the heap's end
  uint64_t image_bytes;   // nothing past it was ever written; a shorter image file is truncated
  uint64_t horizon_epoch; // all epochs up to it are durable in the image
  uint64_t log_capacity;  // bytes after the log's header block
  uint64_t log_start;     // first record after the horizon: offset behind the header block,
  uint64_t log_sequence;  //   its sequence number,
  uint32_t log_lap;       //   and its lap
  uint32_t log_alignment; // records start at multiples of it
  uint32_t log_domain;    // persistence domain of the last opening, for `perdure info`
  uint32_t reserved0;     // 0
  uint64_t created_s;     // seconds since 1970
  uint8_t reserved[3960]; // 0
};

static_assert(sizeof(Superblock) == kSuperblockSize);
static_assert(std::is_trivially_copyable_v<Superblock>);
static_assert(std::has_unique_object_representations_v<Superblock>, "no padding");
static_assert(offsetof(Superblock, crc) == 12);
static_assert(offsetof(Superblock, uuid) == 16);
static_assert(offsetof(Superblock, generation) == 32);
static_assert(offsetof(Superblock, run) == 40);
static_assert(offsetof(Superblock, machine) == 48);
static_assert(offsetof(Superblock, base_slot) == 56);
static_assert(offsetof(Superblock, horizon_epoch) == 80);
static_assert(offsetof(Superblock, log_capacity) == 88);
static_assert(offsetof(Superblock, log_lap) == 112);
static_assert(offsetof(Superblock, created_s) == 128);
static_assert(offsetof(Superblock, reserved) == 136);

} // namespace perdure
