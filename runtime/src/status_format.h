// SPDX-License-Identifier: Apache-2.0
//
// The file `status` in a pool's directory: what the process that has the pool open said last about
// itself, for `perdure info --watch`. Volatile: made anew by each run, removed at its end, never
// read by recovery. One block, written at once; a reader that meets it half-written sees it by the
// checksum. docs/pool_format.md describes it. Little-endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace perdure {

inline constexpr uint64_t kStatusMagic = 0x0054415453524550; // "PERSTAT\0"
inline constexpr uint32_t kStatusVersion = 1;

enum StatusFlags : uint64_t {
  kStatusFailed = 1,  // the pool has failed: no update from then on is durable
  kStatusPaused = 2,  // the checkpoint waits for a forked child to end
  kStatusAsync = 4,   // output does not wait for durability
  kStatusDiscard = 8, // epochs are dropped, to measure instrumentation alone
};

// Counters count from the start of the run. Times are of the system's monotonic clock.
struct PoolStatus {
  uint64_t magic;            // not a status file
  uint32_t version;          // written by a perdure that this one does not understand
  uint32_t crc;              // crc32c of the block with this field 0: half-written or damaged
  uint8_t uuid[16];          // of another pool
  uint64_t run;              // of an earlier run: its process died
  uint64_t pid;              // in its own container
  uint64_t started_ns;       // when the run began
  uint64_t now_ns;           // when this was written
  uint64_t flags;            // StatusFlags
  uint64_t last_epoch;       // durable
  uint64_t checkpoint_epoch; // durable in the image too
  uint64_t behind_since_ns;  // when the oldest epoch became durable that the image lacks; 0: none
  uint64_t log_capacity;     // bytes
  uint64_t log_used;         // bytes that still cover the image
  uint64_t epochs;           // committed
  uint64_t epoch_bytes;      // of their payload
  uint64_t log_waits;        // commits that waited for log space
  uint64_t log_wait_ns;      // in all
  uint64_t checkpoints;
  uint64_t checkpoint_bytes; // written to the image
  uint64_t cuts;
  uint64_t cuts_given_up;    // a unit did not end in time
  uint64_t cut_wait_ns;      // mutators stopped until quiescence, in all
  uint64_t cut_copy_ns;      // mutators stopped while bytes were copied, in all
  uint64_t held_bytes;       // output that waits for durability now
  uint64_t held_connections; // that it waits on
  uint8_t reserved[3888];    // 0
};

static_assert(sizeof(PoolStatus) == 4096);
static_assert(std::is_trivially_copyable_v<PoolStatus>);
static_assert(std::has_unique_object_representations_v<PoolStatus>, "no padding");
static_assert(offsetof(PoolStatus, run) == 32);
static_assert(offsetof(PoolStatus, flags) == 64);
static_assert(offsetof(PoolStatus, log_capacity) == 96);
static_assert(offsetof(PoolStatus, cuts) == 160);
static_assert(offsetof(PoolStatus, held_bytes) == 192);
static_assert(offsetof(PoolStatus, reserved) == 208);

} // namespace perdure
