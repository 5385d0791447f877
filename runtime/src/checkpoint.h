// SPDX-License-Identifier: Apache-2.0
//
// Applies committed epochs to the image in the background and then gives their log space back. One
// step: merge what is queued, write it to the image, persist the image, move the superblock's
// horizon and log start, free the log. What is behind at a kill is replayed at the next start, so a
// step begins 2 s after anything was committed, sooner if much was; but not before the thread
// has rested three times as long as the last step took, unless the log is half full or someone
// waits for space.
#pragma once

#include "epoch_queue.h"
#include "log_writer.h"
#include "pool.h"
#include "recovery.h"
#include "status_format.h"
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace perdure {

class Checkpoint {
public:
  // RECOVERED: what the log still covers. BACKGROUND: start the thread; without it the steps run
  // where space is waited for and in drain(), so that a test decides when.
  Checkpoint(Pool &pool, const RecoveryReport &recovered, bool background);
  ~Checkpoint();

  // Hands over a durable epoch that takes LOG_BYTES of the log, up to LOG_END.
  void enqueue(EpochRecord &&record, LogPosition log_end, uint64_t log_bytes);
  uint64_t log_used() const { return log_used_.load(std::memory_order_relaxed); }
  // Waits until BYTES of the log are free. REQUIRES: BYTES are not more than its capacity.
  Status wait_for_space(uint64_t bytes);
  // Applies everything enqueued; on return the log holds nothing that the image lacks.
  Status drain();
  // Ends the thread. What is queued stays queued (drain() first to apply it).
  void stop();
  // Paused, no byte of the image file changes; on return of pause(true) a running step has ended.
  void pause(bool paused);
  // True if a step should not wait: the log is half full, or someone waits for space. Any thread.
  bool is_urgent() const;
  // The process that the pause is for, named if someone must wait for it. Any thread.
  void waits_for(pid_t child);
  // In a forked child: the thread does not exist there, and must not be waited for.
  void abandon();

  // REQUIRES: drained
  void log_grown(uint64_t capacity) { capacity_ = capacity; }

  bool failed() const { return failed_.load(std::memory_order_relaxed); }
  Status status() const;
  uint64_t steps() const { return steps_; }
  uint64_t image_bytes_written() const { return image_bytes_written_; }
  void fill_status(PoolStatus &status) const;
  bool is_stepping() const { return stepping_.load(std::memory_order_relaxed); } // any thread

private:
  using Clock = std::chrono::steady_clock;
  void run();
  void wait_until_due(std::unique_lock<std::mutex> &lock);
  Status step();
  Status apply(const EpochQueue &batch);
  Status advance_horizon(uint64_t epoch, LogPosition log_start, uint64_t high_water);
  bool has_work() const { return !queue_.empty() || recovered_bytes_ != 0; }
  bool wait_until_stepped(std::unique_lock<std::mutex> &lock);
  void say_what_is_waited_for();

  Pool &pool_;
  std::atomic<uint64_t> capacity_; // bytes of the log
  std::atomic<uint64_t> log_used_;
  std::atomic<bool> failed_ = false;
  std::atomic<uint64_t> steps_ = 0;
  std::atomic<uint64_t> image_bytes_written_ = 0;

  mutable std::mutex mutex_;      // guards what follows
  std::condition_variable wake_;  // the thread: there is work, it is urgent, or it ends
  std::condition_variable ended_; // others: a step ended
  EpochQueue queue_;
  uint64_t horizon_epoch_;       // of the superblock
  uint64_t queued_since_ns_ = 0; // when the first of queue_ came
  uint64_t behind_since_ns_ = 0; // when the first of a running step's came
  uint64_t recovered_bytes_; // of the log, replayed by recovery but not yet durable in the image
  RecoveryReport recovered_;
  Status status_; // once an error, the checkpoint is over
  unsigned pauses_ = 0;
  bool said_ = false;                  // that someone waits for the end of the pause
  pid_t paused_for_ = 0;               // 0: not known yet
  std::atomic<bool> stepping_ = false; // written under mutex_
  bool urgent_ = false;                // do not wait
  bool much_ = false;                  // wait only for the rest that the last step earned
  Clock::time_point ended_at_{};
  Clock::duration took_{}; // by the last step
  bool stopping_ = false;
  std::thread *thread_ = nullptr; // leaked by abandon()
};

} // namespace perdure
