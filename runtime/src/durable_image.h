// SPDX-License-Identifier: Apache-2.0
//
// The pool as the epoch layer sees it: an image to which epochs are applied atomically and in
// order. Opens the pool, recovers it, appends epochs to the redo log and checkpoints in the
// background; what each part does is in pool, log_writer, checkpoint and recovery.
#pragma once

#include "epoch_record.h"
#include "pool_options.h"
#include "status.h"
#include "status_format.h"
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <sys/types.h>

namespace perdure {

struct DurableImageStats {
  uint64_t commits;
  uint64_t log_bytes; // appended, payloads only
  uint64_t log_waits; // commits that waited for log space
  uint64_t log_grown; // times the log was too small for one epoch
  uint64_t checkpoints;
  uint64_t checkpoint_bytes; // written to the image
};

class DurableImage {
public:
  // Opens or creates the pool, holds its lock, and brings the image file to the last sealed epoch
  // (image bytes are then readable through image_fd(), if not yet all durable there: the log still
  // covers them). CHECK may refuse an existing pool by its metadata, as they will be at BASE.
  // Nothing on disk has changed when it fails.
  static Result<std::unique_ptr<DurableImage>>
  open(const PoolOptions &options, const std::function<Status(std::byte *base)> &check = nullptr);
  virtual ~DurableImage() = default;

  // True if the pool held at least one epoch when it was opened.
  virtual bool recovered() const = 0;
  virtual uint64_t last_epoch() const = 0; // 0 when fresh
  virtual int image_fd() const = 0;
  // Bytes of the image file to map: everything past it has never been written.
  virtual uint64_t image_bytes() const = 0;
  virtual uint64_t heap_limit() const = 0; // bytes from base to the heap's end
  virtual bool is_pmem() const = 0; // a commit costs no more than a fence: nothing needs gating

  // Makes RECORD durable: on return it survives power loss. Its epoch number must be
  // last_epoch()+1. Waits for log space if the checkpoint is behind. One caller at a time. After an
  // error the image has failed for good: every later commit returns the same error. What RECORD
  // holds afterwards is of no meaning; its memory may be used for the next.
  virtual Status commit(EpochRecord &&record) = 0;

  // Reserves disk space for image bytes [offset, offset + size), so that applying epochs there
  // cannot run out of space. Any thread. False: no space left, nothing changed.
  virtual bool reserve(uint64_t offset, uint64_t size) = 0;

  // True while the image is being written: a commit may take longer than the device's least.
  virtual bool is_checkpointing() const { return false; }
  // While paused no byte of the image file changes (a forked child still maps it).
  virtual void pause_checkpoint(bool paused) = 0;
  // True if half of the log is used, or someone waits for space: a pause should end. Any thread.
  virtual bool log_is_short() const { return false; }
  // For messages: the child that the pause is for.
  virtual void checkpoint_waits_for(pid_t child) = 0;
  // The image fails for good for a reason of the caller's, as if a commit had failed; says so,
  // once. Not during a commit.
  virtual void give_up(const char *why) = 0;
  // For a forked child: lets go of the pool's files and threads without touching them.
  virtual void abandon_after_fork() = 0;
  virtual DurableImageStats stats() const = 0; // any thread
  // What there is to say of log, checkpoint and commits. Any thread.
  virtual void fill_status(PoolStatus &) const {}
  // Final checkpoint, then clean-shutdown mark. No commit may follow. An error of its own means
  // that the next start replays the log, and that nothing is lost.
  virtual Status close() = 0;
};

} // namespace perdure
