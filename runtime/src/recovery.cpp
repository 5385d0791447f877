// SPDX-License-Identifier: Apache-2.0
//
// Replaying the redo log; see recovery.h.
#include "recovery.h"
#include "heap_layout.h"
#include "image_writer.h"
#include <algorithm>

namespace perdure {

uint64_t image_file_bytes(uint64_t high_water, uint64_t limit) {
  return std::min((high_water + kSegmentSize - 1) / kSegmentSize * kSegmentSize, limit);
}

Result<RecoveryReport> replay_log(const Pool &pool,
                                  const std::function<bool(std::span<const std::byte>)> &visit,
                                  const std::function<Status()> &apply) {
  LogReader reader(*pool.log, pool.log_geometry(), pool.log_start(), pool.superblock.horizon_epoch);
  RecoveryReport report;
  std::span<const std::byte> payload;
  while (reader.next(payload)) {
    if (!visit(payload))
      return Status::error(pool.log->path() + " holds an unsound epoch " +
                           std::to_string(reader.epoch()) + "; restore the pool from a backup");
    report.epochs++;
    report.bytes += payload.size();
  }
  if (reader.end() == LogEnd::kUnreadable)
    return Status::error("cannot read " + pool.log->path() +
                         "; check the device's health in the kernel log");
  if (reader.damaged())
    return Status::error(pool.log->path() + " is damaged after epoch " +
                         std::to_string(reader.epoch()) + " (" + log_end_name(reader.end()) +
                         ", yet later epochs follow); restore the pool from a backup");
  report.last_epoch = reader.epoch();
  report.end = reader.end();
  report.torn_tail = reader.torn();
  report.tail = reader.position();
  report.log_used = reader.bytes_used();
  if (Status status = apply(); !status)
    return status;
  return report;
}

Result<RecoveryReport> recover(Pool &pool) {
  const uint64_t limit = pool.superblock.heap_limit;
  ImageWriter writer(*pool.image, limit);
  auto report = replay_log(
      pool, [&](std::span<const std::byte> payload) { return writer.add(payload); },
      [&] { return writer.apply(); });
  if (!report)
    return report;
  report->image_bytes =
      std::max(pool.superblock.image_bytes, image_file_bytes(writer.high_water(), limit));
  if (pool.image->size() < report->image_bytes)
    if (Status status = pool.image->resize(report->image_bytes); !status)
      return status;
  return report;
}

} // namespace perdure
