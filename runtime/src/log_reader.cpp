// SPDX-License-Identifier: Apache-2.0
//
// Reading the redo log; see log_reader.h and log_format.h.
#include "log_reader.h"
#include "check.h"
#include "crc32c.h"
#include <algorithm>
#include <cstring>
#include <fcntl.h>

namespace perdure {

static constexpr uint64_t kBlock = 1 << 20;     // bytes read from the log at a time
static constexpr uint64_t kFirstBlock = 4096;   // of a look that mostly finds nothing new
static constexpr uint64_t kReadAhead = 8 << 20; // bytes the kernel reads before we need them

const char *log_end_name(LogEnd end) {
  switch (end) {
  case LogEnd::kInvalid:
    break;
  case LogEnd::kZeroed:
    return "unwritten log";
  case LogEnd::kStale:
    return "record of an earlier lap or run";
  case LogEnd::kNoRecord:
    return "no record (what an earlier lap left, or never written)";
  case LogEnd::kWrongPool:
    return "record of another pool";
  case LogEnd::kWrongSequence:
    return "record out of sequence";
  case LogEnd::kWrongEpoch:
    return "record of another epoch";
  case LogEnd::kWrongFlags:
    return "record with unknown flags";
  case LogEnd::kBadLength:
    return "record with an impossible length";
  case LogEnd::kBadChecksum:
    return "torn record";
  case LogEnd::kUnsealed:
    return "epoch without its seal";
  case LogEnd::kFull:
    return "log read completely";
  case LogEnd::kUnreadable:
    return "log unreadable";
  }
  return "unknown";
}

LogReader::LogReader(const StableFile &file, LogGeometry geometry, LogPosition start,
                     uint64_t epoch)
    : file_(file), geometry_(geometry), block_(kBlock), position_(start), epoch_(epoch) {}

void LogReader::look_again(uint32_t run) {
  geometry_.run = run;
  begin_ = loaded_ = 0;
  block_ = kFirstBlock;
  used_ = 0;
  end_ = LogEnd::kInvalid;
}

bool LogReader::make_room(uint64_t size) {
  if (size <= buffer_size_)
    return true;
  auto *grown = static_cast<std::byte *>(std::realloc(buffer_.get(), size));
  if (!grown)
    return false;
  (void)buffer_.release();
  buffer_.reset(grown);
  buffer_size_ = size;
  return true;
}

// The log is written past the page cache, so its tail is read from the device: ask early for more
// than the next block, and the device is busy while we check and apply.
void LogReader::read_ahead(uint64_t offset) {
  if (file_.fd() < 0 ||
      (offset <= ahead_ && ahead_ - offset > kReadAhead / 2 && ahead_ - offset <= kReadAhead))
    return;
  const uint64_t bytes = std::min(kReadAhead, geometry_.capacity - offset);
  posix_fadvise(file_.fd(), static_cast<off_t>(kLogDataOffset + offset), static_cast<off_t>(bytes),
                POSIX_FADV_WILLNEED);
  ahead_ = offset + bytes;
}

// Makes the buffer hold SIZE bytes at OFFSET of the circle. REQUIRES: they do not cross its end.
bool LogReader::load(uint64_t offset, uint64_t size) {
  if (offset >= begin_ && offset + size <= loaded_)
    return true;
  const uint64_t wanted = std::min(std::max(size, block_), geometry_.capacity - offset);
  const uint64_t kept = offset >= begin_ && offset < loaded_ ? loaded_ - offset : 0;
  if (kept != 0)
    std::memmove(buffer_.get(), at(offset), kept);
  begin_ = offset;
  loaded_ = offset + kept;
  if (!make_room(wanted))
    return false;
  read_ahead(offset);
  if (!file_.read(kLogDataOffset + loaded_, {buffer_.get() + kept, wanted - kept}))
    return false;
  loaded_ = offset + wanted;
  block_ = std::min(2 * block_, kBlock);
  return true;
}

static uint32_t record_crc(RecordHeader header, const std::byte *payload) {
  header.crc = 0;
  return crc32c(crc32c(0, &header, sizeof header), payload, header.length);
}

// Whether the record at AT continues the log: EPOCH, and the start of one or its continuation.
// Checks go from the cheap and telling to the checksum; kInvalid means that it does.
LogEnd LogReader::examine(const LogPosition &at, uint64_t epoch, bool first, RecordHeader &header) {
  if (!load(at.offset, sizeof header))
    return LogEnd::kUnreadable;
  std::memcpy(&header, this->at(at.offset), sizeof header);
  const RecordHeader zeros{};
  if (std::memcmp(&header, &zeros, sizeof header) == 0)
    return LogEnd::kZeroed;
  if (header.magic != kRecordMagic)
    return LogEnd::kNoRecord;
  if (header.pool != geometry_.pool)
    return LogEnd::kWrongPool;
  if (header.sequence < at.sequence || header.lap < at.lap || header.run < run_)
    return LogEnd::kStale;
  if (header.sequence != at.sequence || header.lap != at.lap || header.run > geometry_.run)
    return LogEnd::kWrongSequence;
  if (header.length > kRecordPayloadMax ||
      header.length > geometry_.capacity - at.offset - sizeof header)
    return LogEnd::kBadLength;
  if (!load(at.offset, sizeof header + header.length))
    return LogEnd::kUnreadable;
  if (record_crc(header, this->at(at.offset) + sizeof header) != header.crc)
    return LogEnd::kBadChecksum;
  if (header.reserved != 0 || (header.flags & ~(kRecordFirst | kRecordSeal)) != 0)
    return LogEnd::kWrongFlags;
  if (header.epoch != epoch || ((header.flags & kRecordFirst) != 0) != first)
    return LogEnd::kWrongEpoch;
  return LogEnd::kInvalid;
}

uint64_t LogReader::record_size(const RecordHeader &header) const {
  return (sizeof header + header.length + geometry_.alignment - 1) &
         ~uint64_t{geometry_.alignment - 1};
}

void LogReader::advance(LogPosition &at, const RecordHeader &header, uint64_t &used) const {
  const uint64_t size = record_size(header);
  used += size;
  at.sequence++;
  at.offset += size;
  if (at.offset == geometry_.capacity) {
    at.offset = 0;
    at.lap++;
  }
}

bool LogReader::next(std::span<const std::byte> &payload) {
  if (end_ != LogEnd::kInvalid)
    return false;
  LogPosition at = position_;
  uint64_t used = used_;
  joined_.clear();
  for (bool first = true;; first = false) {
    if (used == geometry_.capacity) {
      end_ = first ? LogEnd::kFull : LogEnd::kUnsealed;
      return false;
    }
    RecordHeader header;
    end_ = examine(at, epoch_ + 1, first, header);
    if (end_ == LogEnd::kInvalid && record_size(header) > geometry_.capacity - used)
      end_ = LogEnd::kBadLength; // it reaches into what was read first: nobody wrote it so
    if (end_ != LogEnd::kInvalid) {
      if (!first && end_ != LogEnd::kUnreadable)
        end_ = LogEnd::kUnsealed;
      return false;
    }
    const std::span part(this->at(at.offset) + sizeof header, header.length);
    const bool sealed = (header.flags & kRecordSeal) != 0;
    if (first && sealed) {
      payload = part;
    } else {
      joined_.insert(joined_.end(), part.begin(), part.end());
      payload = joined_;
    }
    run_ = header.run;
    advance(at, header, used);
    if (sealed)
      break;
  }
  position_ = at;
  used_ = used;
  epoch_++;
  return true;
}

bool LogReader::torn() const {
  // Anything else may as well be what an earlier lap left there.
  return end_ == LogEnd::kBadLength || end_ == LogEnd::kBadChecksum || end_ == LogEnd::kUnsealed;
}

bool LogReader::sound_record_beyond(uint64_t offset, uint64_t epoch) {
  RecordHeader header;
  std::memcpy(&header, at(offset), sizeof header);
  // A record of a run newer than the superblock knows: it is the superblock that is damaged.
  const bool beyond =
      header.run > geometry_.run || (header.epoch > epoch && header.sequence > position_.sequence);
  if (header.magic != kRecordMagic || header.pool != geometry_.pool || !beyond ||
      header.length > kRecordPayloadMax ||
      header.length > geometry_.capacity - offset - sizeof header)
    return false;
  return load(offset, sizeof header + header.length) &&
         record_crc(header, at(offset) + sizeof header) == header.crc;
}

// Looks as far as the longest record reaches: whatever one is damaged, the one after it is met.
// Also meets newer records where an old superblock's start has been overwritten since.
bool LogReader::damaged() {
  PERDURE_CHECK(end_ != LogEnd::kInvalid, "the log has not been read to its end");
  const uint64_t free = geometry_.capacity - used_;
  const uint64_t reach = std::min(free, uint64_t{kRecordPayloadMax} + 2 * kLogDataOffset);
  uint64_t offset = position_.offset;
  for (uint64_t done = 0; done < reach; done += geometry_.alignment) {
    if (!load(offset, sizeof(RecordHeader)))
      return false;
    if (sound_record_beyond(offset, epoch_ + 1))
      return true;
    offset += geometry_.alignment;
    if (offset == geometry_.capacity)
      offset = 0;
  }
  return false;
}

} // namespace perdure
