// SPDX-License-Identifier: Apache-2.0
//
// Appending to the redo log; see log_writer.h and log_format.h.
#include "log_writer.h"
#include "crc32c.h"
#include <algorithm>
#include <vector>

namespace perdure {

static uint64_t round_up(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) & ~(alignment - 1);
}

// Payload bytes of the next record at OFFSET of the circle, for an epoch with REST bytes to go: a
// record ends where the circle does, and the next one carries on at its start.
static uint64_t record_payload(const LogGeometry &geometry, uint64_t offset, uint64_t rest) {
  const uint64_t room = geometry.capacity - offset - sizeof(RecordHeader);
  return std::min({rest, room, uint64_t{kRecordPayloadMax}});
}

uint64_t LogWriter::space_needed(uint64_t payload) const {
  uint64_t offset = tail_.offset;
  uint64_t total = 0;
  do {
    const uint64_t part = record_payload(geometry_, offset, payload);
    const uint64_t size = round_up(sizeof(RecordHeader) + part, geometry_.alignment);
    total += size;
    payload -= part;
    offset = offset + size == geometry_.capacity ? 0 : offset + size;
  } while (payload != 0);
  return total;
}

Status LogWriter::append(uint64_t epoch, std::span<const std::byte> payload) {
  LogPosition at = tail_;
  uint32_t flags = kRecordFirst;
  do {
    const uint64_t part = record_payload(geometry_, at.offset, payload.size());
    if (part == payload.size())
      flags |= kRecordSeal;
    RecordHeader header{kRecordMagic,   0,
                        epoch,          at.sequence,
                        at.lap,         geometry_.run,
                        geometry_.pool, static_cast<uint32_t>(part),
                        flags,          0};
    header.crc = crc32c(crc32c(0, &header, sizeof header), payload.data(), part);
    if (Status status = file_.write(kLogDataOffset + at.offset,
                                    std::as_bytes(std::span(&header, 1)), payload.first(part));
        !status)
      return status;
    payload = payload.subspan(part);
    at.sequence++;
    at.offset += round_up(sizeof header + part, geometry_.alignment);
    if (at.offset == geometry_.capacity) {
      at.offset = 0;
      at.lap++;
    }
    flags = 0;
  } while (!payload.empty());
  // The epoch's records must be durable before commit() returns, because recovery applies only
  // what it finds sealed, and the caller now acknowledges the epoch's updates.
  if (Status status = persist(Step::kEpochBeforeAcknowledgement, file_); !status)
    return status;
  tail_ = at;
  return Status::ok();
}

Status LogWriter::clear_tail() {
  RecordHeader header;
  const std::span bytes = std::as_writable_bytes(std::span(&header, 1));
  if (Status status = file_.read(kLogDataOffset + tail_.offset, bytes); !status)
    return status;
  // Without its first word, which has its checksum, nothing that is written later makes it one.
  if (header.magic != kRecordMagic || !takes(Step::kTornRecordGone))
    return Status::ok();
  header = {};
  if (Status status = file_.write(kLogDataOffset + tail_.offset, bytes); !status)
    return status;
  return persist(Step::kTornRecordGone, file_);
}

Status LogWriter::rewrite(LogPosition begin) {
  constexpr uint64_t kPart = 1 << 20;
  std::vector<std::byte> bytes;
  for (uint64_t at = begin.offset; at != tail_.offset;) {
    const uint64_t end = at < tail_.offset ? tail_.offset : geometry_.capacity;
    bytes.resize(std::min(kPart, end - at));
    if (Status status = file_.read(kLogDataOffset + at, bytes); !status)
      return status;
    if (Status status = file_.write(kLogDataOffset + at, bytes); !status)
      return status;
    at += bytes.size();
    at = at == geometry_.capacity ? 0 : at;
  }
  return file_.persist();
}

} // namespace perdure
