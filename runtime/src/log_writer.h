// SPDX-License-Identifier: Apache-2.0
//
// Appends epochs to the circular redo log: one write and one persist each (records that a wrap or
// their size splits still share the persist). Knows nothing of free space: its caller, PooledImage,
// keeps the log's start from being overtaken. Its other half is log_reader.
#pragma once

#include "log_format.h"
#include "persist.h"
#include <cstdint>
#include <span>

namespace perdure {

// Where a record stands, or will.
struct LogPosition {
  uint64_t offset = 0; // in the circle
  uint64_t sequence = 1;
  uint32_t lap = 1;
};

// What a log's records have in common.
struct LogGeometry {
  uint64_t capacity;  // bytes of the circle
  uint32_t alignment; // a power of two, at least 64
  uint32_t pool;      // crc32c of the pool's uuid
  uint32_t run;       // this opening's number
};

class LogWriter {
public:
  LogWriter(StableFile &file, LogGeometry geometry, LogPosition tail)
      : file_(file), geometry_(geometry), tail_(tail) {}

  // Bytes of the circle that an epoch of PAYLOAD bytes takes at the tail.
  uint64_t space_needed(uint64_t payload) const;
  // Writes the epoch as one or more records and persists them: on return it is durable and sealed.
  // REQUIRES: space_needed() bytes are free. After an error nothing more may be appended.
  Status append(uint64_t epoch, std::span<const std::byte> payload);

  // What stands at the tail is no record any more, on return durably so. REQUIRES: the circle is
  // not full.
  Status clear_tail();
  // Makes durable again what stands from BEGIN to the tail; see PooledImage::begin_run.
  Status rewrite(LogPosition begin);

  LogPosition tail() const { return tail_; }
  const LogGeometry &geometry() const { return geometry_; }
  // Starts anew at TAIL in a circle of CAPACITY bytes.
  void restart(uint64_t capacity, LogPosition tail) {
    geometry_.capacity = capacity;
    tail_ = tail;
  }

private:
  StableFile &file_;
  LogGeometry geometry_;
  LogPosition tail_;
};

} // namespace perdure
