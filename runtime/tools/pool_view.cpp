// SPDX-License-Identifier: Apache-2.0
//
// Read-only look at a pool; see pool_view.h.
#include "pool_view.h"
#include "epoch_payload.h"
#include "heap_layout.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/mman.h>

namespace perdure {

Result<std::unique_ptr<PoolView>> PoolView::open(const std::string &path) {
  auto pool = inspect_pool(path);
  if (!pool)
    return pool.status();
  std::unique_ptr<PoolView> view(new PoolView(std::move(*pool)));
  view->holder_ = PoolLock::holder(path);
  return view;
}

Result<std::unique_ptr<PoolView>> PoolView::open_exclusive(const std::string &path) {
  auto unlocked = inspect_pool(path); // says better than the lock what is wrong with the path
  if (!unlocked)
    return unlocked.status();
  auto lock = PoolLock::acquire(path);
  if (!lock)
    return lock.status();
  auto pool = inspect_pool(path);
  if (!pool)
    return pool.status();
  pool->lock = std::move(*lock);
  return std::unique_ptr<PoolView>(new PoolView(std::move(*pool)));
}

PoolView::~PoolView() {
  if (reservation_)
    munmap(reservation_, reserved_bytes_);
}

Result<RecoveryReport> PoolView::scan_log() const {
  const auto sound = [&](uint64_t epoch, std::span<const std::byte> payload) {
    EpochPayloadReader reader(payload, slot_bytes());
    ImageRange range;
    while (reader.next(range)) {
    }
    return reader.sound() ? Status::ok() : unsound_epoch(pool_, epoch);
  };
  return replay_log(pool_, sound);
}

Status PoolView::map_image() {
  // One segment more than the slot, to start at a segment's boundary.
  reserved_bytes_ = slot_bytes() + kSegmentSize;
  void *memory = mmap(nullptr, reserved_bytes_, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    return system_error("map", pool_.image->path(), errno);
  reservation_ = static_cast<std::byte *>(memory);
  const auto address = reinterpret_cast<uint64_t>(memory);
  base_ = reservation_ + (kSegmentSize - address % kSegmentSize) % kSegmentSize;
  // All of the file, also what a crash left past the superblock's image_bytes: the log's epochs can
  // make it part of the image.
  mapped_bytes_ = std::min(pool_.image->size(), slot_bytes());
  if (mapped_bytes_ != 0 &&
      mmap(base_, mapped_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE,
           pool_.image->fd(), 0) == MAP_FAILED)
    return system_error("map", pool_.image->path(), errno);
  return Status::ok();
}

Result<RecoveryReport> PoolView::replay() {
  if (Status status = map_image(); !status)
    return status;
  const auto apply = [&](uint64_t epoch, std::span<const std::byte> payload) {
    EpochPayloadReader reader(payload, slot_bytes());
    ImageRange range;
    while (reader.next(range)) {
      std::byte *to = base_ + range.offset;
      for (uint64_t at = range.offset; at < range.high_water(); at += kSegmentSize)
        replayed_segments_.insert(at / kSegmentSize);
      if (range.fill)
        std::memset(to, static_cast<int>(*range.data), range.length);
      else
        std::memcpy(to, range.data, range.length);
    }
    return reader.sound() ? Status::ok() : unsound_epoch(pool_, epoch);
  };
  return replay_log(pool_, apply);
}

} // namespace perdure
