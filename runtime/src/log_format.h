// SPDX-License-Identifier: Apache-2.0
//
// The redo log's bytes, shared by log_writer and log_reader. docs/log_format.md has the grammar and
// a worked example.
//
//   log     = file header (4096 bytes), then CAPACITY bytes used as a circle
//   record  = header, payload, zeros up to the log's alignment; never crosses the circle's end
//   epoch   = record {more records}; FIRST on the first, SEAL on the last
//   payload = the concatenated payloads of an epoch's records = {range}
//   range   = word, then LENGTH bytes, or one byte if FILL        (later ranges win)
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace perdure {

inline constexpr uint64_t kLogMagic = 0x00474f4c44524550; // "PERDLOG\0"
inline constexpr uint32_t kLogVersion = 1;
inline constexpr uint64_t kLogDataOffset = 4096;       // where the circle starts in the file
inline constexpr uint32_t kLogAlignmentMin = 64;       // bytes; a record header fits into it
inline constexpr uint32_t kRecordMagic = 0x43525250;   // "PRRC"
inline constexpr uint32_t kRecordPayloadMax = 4 << 20; // bounds the writer's and the reader's work

struct LogFileHeader {
  uint64_t magic;         // not a log at all
  uint32_t version;       // another perdure's
  uint32_t crc;           // crc32c of the 4096 bytes with this field 0: damaged
  uint8_t uuid[16];       // another pool's log
  uint8_t reserved[4064]; // 0
};
static_assert(sizeof(LogFileHeader) == kLogDataOffset);
static_assert(std::has_unique_object_representations_v<LogFileHeader>, "no padding");

enum RecordFlags : uint32_t {
  kRecordFirst = 1, // starts an epoch
  kRecordSeal = 2,  // ends it: without this record none of the epoch is applied
};

struct RecordHeader {
  uint32_t magic;    // zeroed or never written
  uint32_t crc;      // crc32c of header (this field 0) and payload: torn or damaged
  uint64_t epoch;    // belongs to another epoch than the records before it
  uint64_t sequence; // counts records: one missing, or left from an earlier lap
  uint32_t lap;      // counts turns of the circle: left from an earlier one
  uint32_t run;      // superblock's run: left by a run whose tail was cut off in recovery
  uint32_t pool;     // crc32c of the uuid: another pool's record
  uint32_t length;   // bytes of payload; more than fits means a damaged header
  uint32_t flags;    // RecordFlags; unknown bits are refused
  uint32_t reserved; // 0
};
static_assert(sizeof(RecordHeader) == 48);
static_assert(sizeof(RecordHeader) <= kLogAlignmentMin);
static_assert(std::has_unique_object_representations_v<RecordHeader>, "no padding");
static_assert(offsetof(RecordHeader, epoch) == 8);
static_assert(offsetof(RecordHeader, sequence) == 16);
static_assert(offsetof(RecordHeader, lap) == 24);
static_assert(offsetof(RecordHeader, pool) == 32);
static_assert(offsetof(RecordHeader, flags) == 40);

// A range's word: offset in bits 0-39, length in bits 40-62, fill in bit 63.
inline constexpr uint64_t kRangeLengthMax = (1ull << 23) - 1;
inline constexpr uint64_t kRangeFill = 1ull << 63;

inline constexpr uint64_t range_word(uint64_t offset, uint64_t length, bool fill) {
  return offset | length << 40 | (fill ? kRangeFill : 0);
}
inline constexpr uint64_t range_offset(uint64_t word) { return word & ((1ull << 40) - 1); }
inline constexpr uint64_t range_length(uint64_t word) { return word >> 40 & kRangeLengthMax; }

} // namespace perdure
