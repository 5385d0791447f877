// SPDX-License-Identifier: Apache-2.0
//
// Brings the image file to the last sealed epoch: the log's epochs after the superblock's horizon
// are written into the page cache, without waiting for the device. The log keeps covering
// them until a checkpoint has synced the image and moved the horizon, so a crash during or after
// recovery only means that it is done again.
#pragma once

#include "log_reader.h"
#include "pool.h"
#include <functional>

namespace perdure {

struct RecoveryReport {
  uint64_t epochs = 0;           // replayed
  uint64_t bytes = 0;            // of their payload
  uint64_t last_epoch = 0;       // the state that the image now has
  LogEnd end = LogEnd::kInvalid; // why reading stopped
  bool torn_tail = false;        // an append was cut short: it was never acknowledged
  LogPosition last_at;           // where the last epoch stands
  LogPosition tail;              // where the next epoch goes
  uint64_t log_used = 0;         // bytes of the log that still cover the image
  uint64_t image_bytes = 0;      // of the image file to map
};

// Reads the log's sealed epochs after the horizon and hands each payload to VISIT; it exists only
// during the call. Changes nothing itself. Errors: damaged log, unreadable log, what VISIT returns.
Result<RecoveryReport>
replay_log(const Pool &pool,
           const std::function<Status(uint64_t epoch, std::span<const std::byte>)> &visit);

// Looks at the metadata as recovery will leave it (image offset 0 at BASE) and may refuse the pool.
using MetadataCheck = std::function<Status(std::byte *base)>;

// Replays into POOL.image. Nothing on disk has changed when the log turns out damaged or CHECK
// refuses: the log is read to its end before the first byte is applied, and then a second time.
// CHECK, if there is one, is not asked about a pool without any epoch. It REQUIRES real files.
Result<RecoveryReport> recover(Pool &pool, const MetadataCheck &check = nullptr);

// The error for an epoch whose payload is no list of ranges.
Status unsound_epoch(const Pool &pool, uint64_t epoch);

// Bytes of the image file once HIGH_WATER bytes of it are in use: whole heap segments, so that a
// fresh segment is never half file and half anonymous memory.
uint64_t image_file_bytes(uint64_t high_water, uint64_t limit);

} // namespace perdure
