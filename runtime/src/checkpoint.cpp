// SPDX-License-Identifier: Apache-2.0
//
// The checkpoint thread and its step; see checkpoint.h.
#include "checkpoint.h"
#include "check.h"
#include "image_writer.h"
#include "status_file.h"
#include "uninterrupted.h"
#include <algorithm>
#include <cstdio>
#include <new>
#include <pthread.h>

namespace perdure {

static constexpr std::chrono::milliseconds kDelay{2000};
static constexpr uint64_t kMuch = 8 << 20; // bytes of log; replayed in some 20 ms
static constexpr std::chrono::seconds kChildAnswers{1};
static constexpr int kRest = 3; // times what the last step took

Checkpoint::Checkpoint(Pool &pool, const RecoveryReport &recovered, bool background)
    : pool_(pool), capacity_(pool.superblock.log_capacity),
      log_used_(takes(Step::kRecoveredLogKept) ? recovered.log_used : 0),
      horizon_epoch_(pool.superblock.horizon_epoch), recovered_bytes_(recovered.log_used),
      recovered_(recovered) {
  if (!background)
    return;
  // Signals are the program's: its handlers must not run on our thread, which inherits this mask.
  Uninterrupted masked;
  thread_ = new std::thread([this] { run(); });
}

Checkpoint::~Checkpoint() { stop(); }

void Checkpoint::enqueue(EpochRecord &&record, LogPosition log_end, uint64_t log_bytes) {
  bool wake;
  {
    std::lock_guard guard(mutex_);
    wake = queue_.empty();
    queue_.add(std::move(record), log_end, log_bytes);
    const uint64_t used = log_used_.load(std::memory_order_relaxed) + log_bytes;
    log_used_.store(used, std::memory_order_relaxed);
    if (wake)
      queued_since_ns_ = monotonic_ns();
    if (used > capacity_ / 2 && !urgent_)
      wake = urgent_ = true;
    if (used > std::min(kMuch, capacity_ / 8) && !much_)
      wake = much_ = true;
  }
  if (wake)
    wake_.notify_one();
}

// Lets one step happen: by the thread, or here if there is none. False if none can follow.
bool Checkpoint::wait_until_stepped(std::unique_lock<std::mutex> &lock) {
  if (!thread_) {
    if (pauses_ != 0 || !has_work())
      return false;
    lock.unlock();
    const Status status = step();
    lock.lock();
    return status.is_ok();
  }
  if (stopping_)
    return false;
  urgent_ = true;
  wake_.notify_one();
  // A child that can end the pause does so soon.
  if (pauses_ == 0 || said_)
    ended_.wait(lock);
  else if (ended_.wait_for(lock, kChildAnswers) == std::cv_status::timeout)
    say_what_is_waited_for();
  return status_.is_ok();
}

// Once per pause, and not before the child has said who it is. REQUIRES: mutex_.
void Checkpoint::say_what_is_waited_for() {
  if (pauses_ == 0 || said_ || paused_for_ == 0)
    return;
  said_ = true;
  std::fprintf(stderr,
               "perdure: the log of %s is full and cannot be emptied while a forked child lives "
               "(process %d, or one that it forked): updates wait until it ends; end it, or make "
               "the pool with a larger log (log_size=)\n",
               pool_.path.c_str(), paused_for_);
}

bool Checkpoint::is_urgent() const {
  std::lock_guard guard(mutex_);
  return urgent_;
}

void Checkpoint::waits_for(pid_t child) {
  std::lock_guard guard(mutex_);
  paused_for_ = child;
  ended_.notify_all(); // who waits for space says whom for
}

Status Checkpoint::wait_for_space(uint64_t bytes) {
  const uint64_t capacity = capacity_;
  PERDURE_CHECK(bytes <= capacity, "epoch larger than the log");
  std::unique_lock lock(mutex_);
  while (status_ && capacity - log_used() < bytes)
    if (!wait_until_stepped(lock) && status_)
      return Status::error("the log of " + pool_.path + " is full and its checkpoint is stopped");
  return status_;
}

Status Checkpoint::drain() {
  std::unique_lock lock(mutex_);
  while (status_ && (has_work() || stepping_))
    if (!wait_until_stepped(lock) && status_)
      return Status::error("the checkpoint of " + pool_.path + " is stopped");
  return status_;
}

void Checkpoint::stop() {
  if (!thread_)
    return;
  {
    std::lock_guard guard(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_->join();
  delete thread_;
  thread_ = nullptr;
}

void Checkpoint::pause(bool paused) {
  std::unique_lock lock(mutex_);
  if (!paused) {
    PERDURE_CHECK(pauses_ != 0, "checkpoint resumed more often than paused");
    if (--pauses_ == 0) {
      said_ = false;
      paused_for_ = 0;
      wake_.notify_one();
    }
    return;
  }
  pauses_++;
  ended_.notify_all(); // who waits for space says what for
  ended_.wait(lock, [this] { return !stepping_; });
}

// The locks may have been held by threads the child lacks: nothing is touched.
void Checkpoint::abandon() { thread_ = nullptr; }

Status Checkpoint::status() const {
  std::lock_guard guard(mutex_);
  return status_;
}

// More epochs in one step means more values merged, and the program wants the processor too; but
// what is behind makes the next start longer.
void Checkpoint::wait_until_due(std::unique_lock<std::mutex> &lock) {
  const Clock::time_point rested = ended_at_ + kRest * took_;
  const Clock::time_point due = std::max(rested, Clock::now() + kDelay);
  wake_.wait_until(lock, due, [this] { return stopping_ || urgent_ || much_; });
  wake_.wait_until(lock, rested, [this] { return stopping_ || urgent_; });
}

void Checkpoint::fill_status(PoolStatus &status) const {
  std::lock_guard guard(mutex_);
  status.checkpoint_epoch = horizon_epoch_;
  status.behind_since_ns = behind_since_ns_ != 0 ? behind_since_ns_ : queued_since_ns_;
  status.log_capacity = capacity_;
  status.log_used = log_used();
  status.checkpoints = steps_;
  status.checkpoint_bytes = image_bytes_written_;
  if (pauses_ != 0)
    status.flags |= kStatusPaused;
}

void Checkpoint::run() {
  pthread_setname_np(pthread_self(), "perdure-ckpt");
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || (has_work() && pauses_ == 0); });
    if (stopping_ || !status_)
      break;
    wait_until_due(lock);
    if (stopping_)
      break;
    if (pauses_ != 0)
      continue;
    lock.unlock();
    const Status status = step();
    lock.lock();
    if (!status)
      break;
  }
  stopping_ = true;
  ended_.notify_all();
}

Status Checkpoint::step() {
  EpochQueue batch;
  {
    std::lock_guard guard(mutex_);
    PERDURE_CHECK(!stepping_, "two checkpoints at once");
    if (pauses_ != 0)
      return Status::ok();
    stepping_ = true;
    urgent_ = much_ = false;
    std::swap(batch, queue_);
    behind_since_ns_ = queued_since_ns_;
    queued_since_ns_ = 0;
  }
  const Clock::time_point begun_at = Clock::now();
  Status status;
  try {
    status = apply(batch);
  } catch (const std::bad_alloc &) {
    status = Status::out_of_memory();
  }
  {
    std::lock_guard guard(mutex_);
    ended_at_ = Clock::now();
    took_ = ended_at_ - begun_at;
    if (status) {
      log_used_.fetch_sub(recovered_bytes_ + batch.log_bytes(), std::memory_order_relaxed);
      recovered_bytes_ = 0;
      horizon_epoch_ = batch.empty() ? recovered_.last_epoch : batch.last_epoch();
      behind_since_ns_ = 0;
      steps_++;
      queue_.recycle(std::move(batch));
    } else {
      status_ = status;
      failed_ = true;
    }
    stepping_ = false;
    ended_.notify_all(); // under the lock: a waiter may destroy this object
  }
  return status;
}

Status Checkpoint::apply(const EpochQueue &batch) {
  ImageWriter writer(*pool_.image, pool_.superblock.heap_limit);
  batch.for_each_payload([&](std::span<const std::byte> payload) {
    PERDURE_CHECK(writer.add(payload), "unsound epoch in memory");
  });
  if (Status status = writer.apply(); !status)
    return status;
  image_bytes_written_ += writer.bytes_written();
  if (batch.empty())
    return advance_horizon(recovered_.last_epoch, recovered_.tail, 0);
  return advance_horizon(batch.last_epoch(), batch.log_end(), writer.high_water());
}

Status Checkpoint::advance_horizon(uint64_t epoch, LogPosition log_start, uint64_t high_water) {
  Superblock next = pool_.superblock;
  next.image_bytes = std::max(
      {next.image_bytes, recovered_.image_bytes, image_file_bytes(high_water, next.heap_limit)});
  if (pool_.image->size() < next.image_bytes)
    if (Status status = pool_.image->resize(next.image_bytes); !status)
      return status;
  // The image must be durable before the superblock says so, because recovery replays only what
  // lies after the superblock's horizon.
  if (Status status = persist(Step::kImageBeforeHorizon, *pool_.image); !status)
    return status;
  next.horizon_epoch = epoch;
  next.log_start = log_start.offset;
  next.log_sequence = log_start.sequence;
  next.log_lap = log_start.lap;
  // The superblock must be durable before log space is used again (our caller frees it), because
  // recovery reads the log from the superblock's start.
  if (Status status = store_superblock(*pool_.superblock_file, next, Step::kHorizonBeforeReuse);
      !status)
    return status;
  pool_.superblock = next;
  return Status::ok();
}

} // namespace perdure
