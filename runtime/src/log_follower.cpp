// SPDX-License-Identifier: Apache-2.0
//
// See log_follower.h.
#include "log_follower.h"
#include "crc32c.h"

namespace perdure {

LogFollower::LogFollower(const StableFile &superblock, const StableFile &log,
                         const Superblock &from)
    : superblock_(superblock), log_(log) {
  read_from(from);
}

void LogFollower::read_from(const Superblock &from) {
  capacity_ = from.log_capacity;
  alignment_ = from.log_alignment;
  run_ = from.run;
  const LogGeometry geometry{from.log_capacity, from.log_alignment,
                             crc32c(0, from.uuid, sizeof from.uuid), from.run};
  const LogPosition start{from.log_start, from.log_sequence, from.log_lap};
  reader_ = std::make_unique<LogReader>(log_, geometry, start, from.horizon_epoch);
}

bool LogFollower::look_again(std::span<const std::byte> &payload) {
  reader_->look_again(run_);
  return reader_->next(payload);
}

LogFollower::Found LogFollower::fail(Status status) {
  status_ = std::move(status);
  return Found::kFailed;
}

LogFollower::Found LogFollower::next(std::span<const std::byte> &payload) {
  // What was read ahead may be older than the log: only a fresh look can tell the end.
  if (reader_->next(payload) || look_again(payload))
    return Found::kEpoch;
  while (true) {
    if (reader_->end() == LogEnd::kUnreadable)
      return fail(Status::error("cannot read " + log_.path() +
                                "; check the device's health in the kernel log"));
    // After the look: log space is given back only when a superblock with a later horizon is
    // durable, so with an earlier one the look met this epoch's successor, or there was none.
    auto now = load_settled_superblock(superblock_);
    if (!now)
      return fail(now.status());
    const bool relaid = now->log_capacity != capacity_ || now->log_alignment != alignment_;
    if (!relaid && now->run == run_ && now->horizon_epoch <= epoch())
      return Found::kEnd;
    if (relaid && now->horizon_epoch == epoch()) {
      // A log is laid anew only when nothing in it is needed: it goes on at its new start.
      read_from(*now);
    } else {
      // Whatever the superblock knows was sealed before it: a look after it finds the next epoch,
      // or something else in its place.
      run_ = now->run;
      const bool given_back = relaid || now->horizon_epoch > epoch();
      if (look_again(payload))
        return Found::kEpoch;
      if (given_back)
        return Found::kLapped;
      continue;
    }
    if (reader_->next(payload))
      return Found::kEpoch;
  }
}

LogFollower::Found LogFollower::confirm_end(std::span<const std::byte> &payload) {
  if (!reader_->damaged())
    return Found::kEnd;
  // The writer may have appended since; but it sealed the next epoch before the one after that.
  const Found found = next(payload);
  if (found != Found::kEnd)
    return found;
  return fail(Status::error(log_.path() + " is damaged after epoch " + std::to_string(epoch()) +
                            "; restore the pool from a backup"));
}

} // namespace perdure
