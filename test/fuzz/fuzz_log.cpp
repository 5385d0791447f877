// SPDX-License-Identifier: Apache-2.0
//
// The redo log: records that the script describes, laid out as the log writer would, right in all
// that the script leaves alone. Read, replayed into a mapping and by the image writer (both must
// come to the same bytes), and gone on with: an epoch appended to what is accepted must be found.
//
//   script  = alignment (1), start (1), {record}
//   record  = control (1: enum below), [field (1), difference (8)], {range}, 0
//   range   = kind (1, not 0), offset (4), length (2) [, value (1)]
#include "bytes_file.h"
#include "crc32c.h"
#include "epoch_payload.h"
#include "epoch_record.h"
#include "image_writer.h"
#include "memory_file.h"
#include "pooled_image.h"
#include "script.h"

namespace perdure::fuzz {
namespace {

constexpr uint64_t kCapacity = 64 << 10;
constexpr uint64_t kLimit = 32 << 20;     // of the image
constexpr uint64_t kFilledMax = 32 << 20; // bytes: what a script may have filled in all
constexpr uint32_t kRun = 3;

enum Control : uint8_t {
  kFirst = 1,
  kSeal = 2,
  kWrongChecksum = 4,
  kChangeField = 8,
  kLongLength = 16, // the length promises more than is there
  kRawPayload = 32, // instead of ranges: a text
  kOver = 64,       // written over the record before
  kNotFirst = 128,  // kFirst and kSeal are meant; else a whole epoch
};

// The log's bytes under construction.
class Circle {
public:
  Circle(uint32_t alignment, uint64_t start)
      : bytes_(kLogDataOffset + kCapacity), alignment_(alignment), at_{start, 1, 1} {}

  void add(Script &script) {
    const auto control = script.number<uint8_t>();
    RecordHeader header{kRecordMagic, 0, epoch_, at_.sequence, at_.lap, kRun, 0, 0, 0, 0};
    header.pool = pool_id();
    const bool whole = !(control & kNotFirst);
    header.flags =
        whole ? uint32_t{kRecordFirst | kRecordSeal}
              : (control & kFirst ? kRecordFirst : 0u) | (control & kSeal ? kRecordSeal : 0u);
    const uint64_t field = control & kChangeField ? script.number<uint8_t>() : 0;
    const uint64_t difference = control & kChangeField ? script.number<uint64_t>() : 0;
    std::vector<std::byte> payload = control & kRawPayload ? raw(script) : ranges(script);
    payload.resize(std::min(payload.size(), kCapacity - at_.offset - sizeof header));
    header.length = static_cast<uint32_t>(payload.size()) + (control & kLongLength ? 4096 : 0);
    change(header, field, difference);
    const uint64_t covered =
        std::min<uint64_t>(header.length, kCapacity - at_.offset - sizeof header);
    header.crc = checksum(header, payload, covered) ^ (control & kWrongChecksum ? 1 : 0);
    put(at_.offset, &header, sizeof header);
    put(at_.offset + sizeof header, payload.data(), payload.size());
    if (!(control & kOver))
      advance(sizeof header + payload.size(), header.flags & kRecordSeal);
  }

  std::vector<std::byte> &bytes() { return bytes_; }
  static uint32_t pool_id() {
    const uint8_t uuid[16] = {};
    return crc32c(0, uuid, sizeof uuid);
  }

private:
  static std::vector<std::byte> raw(Script &script) {
    const std::string text = script.text();
    const auto *begin = reinterpret_cast<const std::byte *>(text.data());
    return {begin, begin + text.size()};
  }
  std::vector<std::byte> ranges(Script &script) {
    std::vector<std::byte> payload;
    while (const auto kind = script.number<uint8_t>()) {
      const uint64_t offset = script.number<uint32_t>() % (kLimit + 4096);
      uint64_t length = script.number<uint16_t>();
      const bool fill = kind & 1;
      if (fill && kind & 2)
        length <<= 7; // up to 8 MiB
      const auto value = script.number<uint8_t>();
      if (fill && value != 0 && (filled_ += length) > kFilledMax)
        continue;
      if (!fill)
        length = std::min<uint64_t>(length, 2000);
      const uint64_t word = range_word(offset, length, fill);
      const auto *begin = reinterpret_cast<const std::byte *>(&word);
      payload.insert(payload.end(), begin, begin + sizeof word);
      for (uint64_t i = 0; i < (fill ? 1 : length); ++i)
        payload.push_back(static_cast<std::byte>(value + i));
    }
    return payload;
  }
  static void change(RecordHeader &header, uint64_t field, uint64_t difference) {
    uint64_t *const wide[] = {&header.epoch, &header.sequence};
    uint32_t *const narrow[] = {&header.magic,  &header.lap,   &header.run,     &header.pool,
                                &header.length, &header.flags, &header.reserved};
    if (field % 9 < 2)
      *wide[field % 9] += difference;
    else
      *narrow[field % 9 - 2] += static_cast<uint32_t>(difference);
  }
  // Over what will stand in the log where the header says that the payload is.
  uint32_t checksum(RecordHeader header, const std::vector<std::byte> &payload,
                    uint64_t covered) const {
    std::vector<std::byte> all(covered);
    const auto begin = static_cast<ptrdiff_t>(kLogDataOffset + at_.offset + sizeof header);
    std::copy_n(bytes_.begin() + begin, covered, all.begin());
    std::copy_n(payload.begin(), std::min(covered, payload.size()), all.begin());
    return crc32c(crc32c(0, &header, sizeof header), all.data(), covered);
  }
  void put(uint64_t offset, const void *data, uint64_t size) {
    if (size != 0)
      std::memcpy(&bytes_[kLogDataOffset + offset], data, size);
  }
  void advance(uint64_t size, bool sealed) {
    at_.offset += (size + alignment_ - 1) / alignment_ * alignment_;
    at_.sequence++;
    epoch_ += sealed;
    if (at_.offset == kCapacity) {
      at_.offset = 0;
      at_.lap++;
    }
  }

  std::vector<std::byte> bytes_;
  const uint32_t alignment_;
  LogPosition at_;
  uint64_t epoch_ = 1;
  uint64_t filled_ = 0;
};

// The image, shown as well as written.
class ImageFile {
public:
  explicit ImageFile(const char *name)
      : file_(name), map_(mmap(nullptr, kLimit, PROT_READ, MAP_SHARED, file_.fd(), 0)) {
    demand(map_ != MAP_FAILED, "cannot map a file in memory");
  }
  std::unique_ptr<StableFile> open_empty() {
    file_.resize(0);
    return file_.open();
  }
  void extend() { file_.resize(kLimit); }
  const std::byte *at(uint64_t offset) const { return static_cast<std::byte *>(map_) + offset; }

private:
  MemoryFile file_;
  void *map_;
};

Pool pool_on(std::vector<std::byte> &superblock, std::vector<std::byte> &log, ImageFile &image,
             uint32_t alignment, uint64_t start) {
  Pool pool;
  pool.path = "pool";
  pool.superblock_file = std::make_unique<BytesFile>("superblock", superblock, 1);
  pool.image = image.open_empty();
  pool.log = std::make_unique<BytesFile>("log", log, alignment);
  Superblock &s = pool.superblock;
  s.run = kRun;
  s.heap_limit = kLimit;
  s.log_capacity = kCapacity;
  s.log_alignment = alignment;
  s.log_start = start;
  s.log_sequence = s.log_lap = 1;
  return pool;
}

// The image writer, given the same epochs, must write the same bytes.
void compare(const Pool &pool, const ImageFile &replayed, ImageFile &image) {
  auto file = image.open_empty();
  ImageWriter writer(*file, kLimit);
  const auto add = [&](uint64_t, std::span<const std::byte> payload) {
    demand(writer.add(payload), "the image writer refuses what recovery took");
    return writer.apply();
  };
  demand(replay_log(pool, add).is_ok(), "the log reads differently a second time");
  image.extend();
  const auto look = [&](uint64_t, std::span<const std::byte> payload) {
    EpochPayloadReader reader(payload, kLimit);
    for (ImageRange range; reader.next(range);)
      demand(std::memcmp(image.at(range.offset), replayed.at(range.offset), range.length) == 0,
             "mapped replay and image writer disagree");
    return Status::ok();
  };
  demand(replay_log(pool, look).is_ok(), "the log reads differently a third time");
}

// Appends an epoch and reads the log again, from where it began.
void go_on(Pool pool, uint64_t last_epoch, std::vector<std::byte> &log) {
  LogGeometry geometry = pool.log_geometry();
  const LogPosition start = pool.log_start();
  auto image = PooledImage::start(std::move(pool), false);
  demand(image.is_ok() && (*image)->last_epoch() == last_epoch, "recovery differs a second time");
  EpochRecord record(last_epoch + 1);
  record.add(0, "perdure", 7);
  demand((*image)->commit(std::move(record)).is_ok(), "no epoch can be committed");
  if ((*image)->stats().log_waits != 0)
    return; // the log was full: its start has moved
  geometry.run++;
  const BytesFile file("log", log, 1);
  LogReader reader(file, geometry, start, 0);
  std::span<const std::byte> payload;
  while (reader.next(payload)) {
  }
  demand(reader.epoch() == last_epoch + 1, "a committed epoch is missing");
}

} // namespace
} // namespace perdure::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace perdure;
  using namespace perdure::fuzz;
  static ImageFile mapped("mapped"), written("written");
  Script script(data, size);
  const uint32_t alignment = 64u << script.number<uint8_t>() % 7;
  const uint64_t start = script.number<uint8_t>() * (kCapacity / 256) / alignment * alignment;
  Circle circle(alignment, start);
  while (!script.done())
    circle.add(script);
  std::vector<std::byte> superblock, &log = circle.bytes();
  Pool pool = pool_on(superblock, log, mapped, alignment, start);
  auto report = recover(pool);
  if (!accepted(report.status(), "log"))
    return 0;
  demand(report->log_used <= kCapacity, "more log in use than there is");
  mapped.extend();
  compare(pool, mapped, written);
  go_on(pool_on(superblock, log, mapped, alignment, start), report->last_epoch, log);
  return 0;
}
