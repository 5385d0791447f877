// SPDX-License-Identifier: Apache-2.0
//
// Reads sealed epochs from the redo log, from the superblock's log start up to the first record
// that does not continue it, and says why that one does not. A torn tail is normal; a good record
// of a later epoch behind the stop is not, since each append was durable before the next began:
// then the log is damaged. The log passes through one buffer, so reading takes no more memory than
// its longest record. Its other half is log_writer.
#pragma once

#include "log_format.h"
#include "log_writer.h"
#include "persist.h"
#include <cstdlib>
#include <memory>
#include <span>
#include <vector>

namespace perdure {

enum class LogEnd : uint32_t {
  kInvalid = 0,
  kZeroed,        // zeros: nothing was written here yet
  kStale,         // a record of an earlier lap or run
  kNoRecord,      // neither zeros nor a record header
  kWrongPool,     // a record of another pool
  kWrongSequence, // a record, but not the next one
  kWrongEpoch,    // the next record, but not the next epoch's
  kWrongFlags,    // unknown flags or reserved bits
  kBadLength,     // a header whose payload cannot fit
  kBadChecksum,   // a torn or damaged record
  kUnsealed,      // good records of an epoch whose seal is missing
  kFull,          // the whole circle was read
  kUnreadable,    // the device failed
};

const char *log_end_name(LogEnd end);

class LogReader {
public:
  // EPOCH: the last one before START. GEOMETRY.run: the newest run a record may be of.
  LogReader(const StableFile &file, LogGeometry geometry, LogPosition start, uint64_t epoch);

  // The next sealed epoch's payload, valid until the next call. False at the end of the log.
  bool next(std::span<const std::byte> &payload);
  uint64_t epoch() const { return epoch_; } // the last one that next() returned
  // After next() returned false.
  LogEnd end() const { return end_; }
  // True if the end is that of an append cut short, as opposed to the end of what was written.
  bool torn() const;
  // Where the next epoch is to be appended; what lies between it and the circle's start is used.
  LogPosition position() const { return position_; }
  uint64_t bytes_used() const { return used_; }
  // For a log that another process writes: forgets the end, and what was read ahead, so that next()
  // looks at the file again. What was read before need not be kept any more. RUN: as GEOMETRY.run.
  void look_again(uint32_t run);
  // True if a good record of an epoch beyond the one that is missing follows the end.
  bool damaged();

private:
  LogEnd examine(const LogPosition &at, uint64_t epoch, bool first, RecordHeader &header);
  uint64_t record_size(const RecordHeader &header) const; // in the circle
  void advance(LogPosition &at, const RecordHeader &header, uint64_t &used) const;
  bool load(uint64_t offset, uint64_t size);
  bool make_room(uint64_t size);
  void read_ahead(uint64_t offset);
  const std::byte *at(uint64_t offset) const { return buffer_.get() + (offset - begin_); }
  bool sound_record_beyond(uint64_t offset, uint64_t epoch);

  const StableFile &file_;
  LogGeometry geometry_;
  struct Free {
    void operator()(std::byte *bytes) const { std::free(bytes); }
  };
  std::unique_ptr<std::byte, Free> buffer_; // not a vector: it would clear what is then overwritten
  uint64_t buffer_size_ = 0;
  uint64_t begin_ = 0, loaded_ = 0; // the part of the circle that the buffer holds
  uint64_t block_;                  // bytes to read from the log at a time
  uint64_t ahead_ = 0;              // up to here the kernel was asked to read
  std::vector<std::byte> joined_;   // payload of an epoch of several records
  LogPosition position_;
  uint64_t epoch_;
  uint32_t run_ = 0; // of the last record
  uint64_t used_ = 0;
  LogEnd end_ = LogEnd::kInvalid;
};

} // namespace perdure
