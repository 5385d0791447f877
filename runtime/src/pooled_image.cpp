// SPDX-License-Identifier: Apache-2.0
//
// Redo log, checkpoint and recovery put together; see pooled_image.h. The committing thread owns
// the log's tail; the checkpoint owns the image and the superblock, except while it is drained.
#include "pooled_image.h"
#include "check.h"
#include "heap_layout.h"
#include "status_file.h"
#include "uninterrupted.h"
#include <algorithm>
#include <cstdio>

namespace perdure {

Result<std::unique_ptr<PooledImage>> PooledImage::start(Pool pool, bool background,
                                                        const MetadataCheck &check) {
  if (Status status = check_numbers(pool.superblock, pool.superblock_file->path()); !status)
    return status;
  // Read through a mapping: on tmpfs a hole of it takes a page, and a full disk is a signal.
  if (Status status = pool.image->reserve(0, kMetadataEnd); !status)
    return status;
  auto report = recover(pool, check);
  if (!report)
    return report.status();
  std::unique_ptr<PooledImage> image(new PooledImage(std::move(pool), *report));
  if (Status status = image->begin_run(); !status)
    return status;
  image->checkpoint_ = std::make_unique<Checkpoint>(image->pool_, image->report_, background);
  return image;
}

PooledImage::PooledImage(Pool pool, const RecoveryReport &report)
    : pool_(std::move(pool)), report_(report), heap_limit_(pool_.superblock.heap_limit),
      last_epoch_(report.last_epoch) {}

PooledImage::~PooledImage() {
  if (!abandoned_)
    checkpoint_.reset();
}

Status PooledImage::begin_run() {
  Superblock next = pool_.superblock;
  next.run++;
  next.version = kPoolVersion; // an older pool becomes one that older runtimes refuse
  next.flags &= ~uint32_t{kSuperblockClean};
  next.log_domain = static_cast<uint32_t>(pool_.log->domain());
  LogPosition tail = report_.tail;
  const uint32_t natural = natural_log_alignment(*pool_.log);
  if (report_.log_used == 0 && next.log_alignment != natural) {
    // The log moved to another domain: nothing in it is needed, so records can be laid anew.
    tail = {0, tail.sequence, tail.lap + 1};
    next.log_alignment = natural;
    next.log_start = tail.offset;
    next.log_sequence = tail.sequence;
    next.log_lap = tail.lap;
  }
  if (Status status = make_recovered_durable(); !status)
    return status;
  // The new run's number must be durable before its first record, because recovery takes a record
  // whose run is lower than its predecessor's for a remainder of a tail that was cut off.
  if (Status status = store_superblock(*pool_.superblock_file, next, Step::kRunBeforeRecords);
      !status)
    return status;
  pool_.superblock = next;
  run_ = next.run;
  std::ranges::copy(next.uuid, uuid_.begin());
  log_ = std::make_unique<LogWriter>(*pool_.log, pool_.log_geometry(), tail);
  const bool full = report_.log_used == pool_.superblock.log_capacity;
  return full ? Status::ok() : log_->clear_tail();
}

// After a failed sync the page cache shows what the device may not have, and a later sync does not
// write it. So what recovery relied on is written again before anything is appended behind it or
// laid over the older copy: recovery would stop at the gap, however much follows. Only the last
// epoch and the newest superblock can be meant, because a run ends with its first failed sync.
Status PooledImage::make_recovered_durable() {
  if (pool_.superblock_file->domain() != Domain::kDirectFile)
    if (Status status = rewrite_superblock(*pool_.superblock_file, pool_.superblock.generation);
        !status)
      return status;
  if (report_.epochs == 0 || is_pmem() || pool_.log->domain() == Domain::kDirectFile)
    return Status::ok();
  return LogWriter(*pool_.log, pool_.log_geometry(), report_.tail).rewrite(report_.last_at);
}

bool PooledImage::is_pmem() const {
  const Domain domain = pool_.log->domain();
  return domain == Domain::kPmem || domain == Domain::kEmulatedPmem;
}

Status PooledImage::fail(Status status) {
  give_up(status.message().c_str());
  failure_ = std::move(status);
  return failure_;
}

void PooledImage::give_up(const char *why) {
  if (!given_up_.exchange(true))
    std::fprintf(stderr, "perdure: %s has failed, no update from now on is durable: %s\n",
                 pool_.path.c_str(), why);
}

Status PooledImage::commit(EpochRecord &&record) {
  PERDURE_CHECK(record.epoch() == last_epoch() + 1, "epochs must be committed in order");
  PERDURE_CHECK(!closed_ && !abandoned_, "commit to a closed pool");
  if (!failure_)
    return failure_;
  if (given_up_)
    return failure_ = Status::error("the pool has failed");
  if (checkpoint_->failed())
    return fail(checkpoint_->status());
  const auto payload = record.payload();
  uint64_t needed = log_->space_needed(payload.size());
  if (needed > log_->geometry().capacity - checkpoint_->log_used() && takes(Step::kSpaceIsFree)) {
    if (Status status = make_space(payload.size()); !status)
      return fail(status);
    needed = log_->space_needed(payload.size());
  }
  const uint64_t epoch = record.epoch();
  if (Status status = log_->append(epoch, payload); !status)
    return fail(status);
  commits_.store(commits_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  log_bytes_.store(log_bytes_.load(std::memory_order_relaxed) + payload.size(),
                   std::memory_order_relaxed);
  checkpoint_->enqueue(std::move(record), log_->tail(), needed);
  last_epoch_.store(epoch, std::memory_order_relaxed);
  return Status::ok();
}

Status PooledImage::make_space(uint64_t payload) {
  const uint64_t needed = log_->space_needed(payload);
  if (needed > log_->geometry().capacity)
    return grow_log(payload);
  waits_++;
  const uint64_t begun = monotonic_ns();
  Status status = checkpoint_->wait_for_space(needed);
  wait_ns_ += monotonic_ns() - begun;
  return status;
}

// An epoch larger than the whole log. With the log drained, nothing in it is needed; the file is
// extended behind the circle, and one superblock write switches to the larger circle.
Status PooledImage::grow_log(uint64_t payload) {
  Uninterrupted thread; // a signal would end the calls that make the file longer
  if (Status status = takes(Step::kDrainedBeforeCircle) ? checkpoint_->drain() : Status::ok();
      !status)
    return status;
  const uint64_t old = log_->geometry().capacity;
  const uint64_t records = payload / kRecordPayloadMax + 2;
  const uint64_t least = payload + records * kPageSize;
  const uint64_t capacity = std::max(2 * old, (least + kPageSize - 1) / kPageSize * kPageSize);
  if (Status status = pool_.log->resize(kLogDataOffset + capacity); !status)
    return status;
  // The longer log must be durable before the superblock names its length, because recovery
  // refuses a log that is shorter as truncated.
  if (Status status =
          write_zeros(*pool_.log, kLogDataOffset + old, capacity - old, Step::kLogBeforeCircle);
      !status)
    return status;
  Superblock next = pool_.superblock;
  const LogPosition start{0, log_->tail().sequence, log_->tail().lap + 1};
  next.log_capacity = capacity;
  next.log_start = start.offset;
  next.log_sequence = start.sequence;
  next.log_lap = start.lap;
  // The circle must be durable before its first record, because recovery reads the old one else.
  if (Status status = store_superblock(*pool_.superblock_file, next, Step::kCircleBeforeRecords);
      !status)
    return status;
  pool_.superblock = next;
  log_->restart(capacity, start);
  checkpoint_->log_grown(capacity);
  log_grown_++;
  return Status::ok();
}

bool PooledImage::reserve(uint64_t offset, uint64_t size) {
  // The file will be as long as the segment's end.
  return !exceeds_file_limit(image_file_bytes(offset + size, heap_limit_)) &&
         pool_.image->reserve(offset, size).is_ok();
}

void PooledImage::abandon_after_fork() {
  abandoned_ = true;
  checkpoint_->abandon();
  (void)checkpoint_.release(); // its locks may be held by threads that do not exist here
  PoolLock::abandon(std::move(pool_.lock));
  pool_.superblock_file.reset();
  pool_.image.reset();
  pool_.log.reset();
}

Status PooledImage::close() {
  PERDURE_CHECK(!abandoned_, "close of an abandoned pool");
  if (closed_ || !failure_)
    return failure_;
  if (given_up_)
    return failure_ = Status::error("the pool has failed");
  // A forked child lives: the image must not change, and the child may live for long (a daemon
  // waits for this process to end). The log holds everything; the next opener replays it.
  if (pauses_ != 0) {
    checkpoint_->stop();
    closed_ = true;
    return Status::ok();
  }
  if (Status status = checkpoint_->drain(); !status)
    return failure_ = status;
  checkpoint_->stop();
  closed_ = true;
  pool_.superblock.flags |= kSuperblockClean;
  return store_superblock(*pool_.superblock_file, pool_.superblock, Step::kClosedInOrder);
}

void PooledImage::fill_status(PoolStatus &status) const {
  std::ranges::copy(uuid_, status.uuid);
  status.run = run_;
  status.last_epoch = last_epoch();
  status.epochs = commits_;
  status.epoch_bytes = log_bytes_;
  status.log_waits = waits_;
  status.log_wait_ns = wait_ns_;
  if (given_up_.load(std::memory_order_relaxed) || checkpoint_->failed())
    status.flags |= kStatusFailed;
  checkpoint_->fill_status(status);
}

DurableImageStats PooledImage::stats() const {
  return {commits_,   log_bytes_,           waits_,
          log_grown_, checkpoint_->steps(), checkpoint_->image_bytes_written()};
}

} // namespace perdure
