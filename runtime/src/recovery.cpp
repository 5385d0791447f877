// SPDX-License-Identifier: Apache-2.0
//
// Replaying the redo log; see recovery.h.
#include "recovery.h"
#include "epoch_payload.h"
#include "heap_layout.h"
#include "mapped_replay.h"
#include "metadata_view.h"
#include <algorithm>

namespace perdure {

uint64_t image_file_bytes(uint64_t high_water, uint64_t limit) {
  return std::min((high_water + kSegmentSize - 1) / kSegmentSize * kSegmentSize, limit);
}

Status unsound_epoch(const Pool &pool, uint64_t epoch) {
  return Status::error(pool.log->path() + " holds an unsound epoch " + std::to_string(epoch) +
                       "; restore the pool from a backup");
}

Result<RecoveryReport>
replay_log(const Pool &pool,
           const std::function<Status(uint64_t epoch, std::span<const std::byte>)> &visit) {
  LogReader reader(*pool.log, pool.log_geometry(), pool.log_start(), pool.superblock.horizon_epoch);
  RecoveryReport report;
  std::span<const std::byte> payload;
  LogPosition at = reader.position();
  while (reader.next(payload)) {
    report.last_at = at;
    at = reader.position();
    if (Status status = visit(reader.epoch(), payload); !status)
      return status;
    report.epochs++;
    report.bytes += payload.size();
  }
  if (reader.end() == LogEnd::kUnreadable)
    return Status::error("cannot read " + pool.log->path() +
                         "; check the device's health in the kernel log");
  report.last_epoch = reader.epoch();
  report.end = reader.end();
  report.torn_tail = reader.torn();
  report.tail = reader.position();
  report.log_used = reader.bytes_used();
  if (reader.damaged())
    return Status::error(pool.log->path() + " is damaged after epoch " +
                         std::to_string(reader.epoch()) + " (" + log_end_name(reader.end()) +
                         ", yet later epochs follow); restore the pool from a backup");
  return report;
}

// What the first reading finds out.
struct Survey {
  uint64_t limit;
  uint64_t high_water = 0;
  MetadataView *metadata; // null: not wanted

  bool add(std::span<const std::byte> payload) {
    EpochPayloadReader reader(payload, limit);
    ImageRange range;
    while (reader.next(range)) {
      high_water = std::max(high_water, range.high_water());
      if (metadata)
        metadata->apply(range);
    }
    return reader.sound();
  }
};

Result<RecoveryReport> recover(Pool &pool, const MetadataCheck &check) {
  const uint64_t limit = pool.superblock.heap_limit;
  MetadataView metadata;
  if (check)
    // All that the file has: recovery shows what lies past the superblock's end of the image too,
    // if the log leads there.
    if (Status status = metadata.map(*pool.image, pool.image->size()); !status)
      return status;
  Survey survey{limit, 0, check ? &metadata : nullptr};
  auto report = replay_log(pool, [&](uint64_t epoch, std::span<const std::byte> payload) {
    return survey.add(payload) ? Status::ok() : unsound_epoch(pool, epoch);
  });
  if (!report)
    return report;
  if (check && report->last_epoch != 0)
    if (Status status = check(metadata.base()); !status)
      return status;
  report->image_bytes =
      std::max(pool.superblock.image_bytes, image_file_bytes(survey.high_water, limit));
  if (pool.image->size() < report->image_bytes)
    if (Status status = pool.image->resize(report->image_bytes); !status)
      return status;
  if (report->epochs == 0)
    return report;
  MappedReplay replay(*pool.image, limit);
  auto again = replay_log(
      pool, [&](uint64_t, std::span<const std::byte> payload) { return replay.apply(payload); });
  if (!again)
    return again.status();
  if (again->last_epoch != report->last_epoch)
    return Status::error(pool.log->path() + " reads differently a second time; check the device's "
                                            "health in the kernel log");
  return report;
}

} // namespace perdure
