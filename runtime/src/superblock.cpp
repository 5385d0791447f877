// SPDX-License-Identifier: Apache-2.0
//
// Loads and stores the superblock's two copies; see pool_format.h.
#include "crc32c.h"
#include "heap_layout.h"
#include "pool.h"
#include <algorithm>
#include <bit>
#include <cstring>
#include <ctime>
#include <sys/random.h>
#include <vector>

namespace perdure {

static uint32_t superblock_crc(Superblock superblock) {
  superblock.crc = 0;
  return crc32c(0, &superblock, sizeof superblock);
}

static Status validate_geometry(const Superblock &s, const std::string &path) {
  const bool reserved_clear = std::ranges::all_of(s.reserved, [](uint8_t b) { return b == 0; });
  if (s.reserved0 != 0 || !reserved_clear || (s.flags & ~uint32_t{kSuperblockClean}) != 0)
    return Status::error(path + " uses features this perdure does not know; use the perdure that "
                                "wrote it");
  const bool sound = std::has_single_bit(s.log_alignment) && s.log_alignment >= kLogAlignmentMin &&
                     s.log_alignment <= kPageSize && s.log_capacity % kPageSize == 0 &&
                     s.log_capacity != 0 && s.log_start < s.log_capacity &&
                     s.log_start % s.log_alignment == 0 && s.heap_limit > kHeapOffset &&
                     s.heap_limit <= kSlotSize && s.heap_limit % kSegmentSize == 0 &&
                     s.image_bytes <= s.heap_limit && s.image_bytes % kSegmentSize == 0;
  // Bytes of an image that no epoch wrote would be taken for a fresh heap's zeros.
  const bool reached = s.horizon_epoch != 0 || s.image_bytes == 0;
  if (!sound || !reached)
    return Status::error(path + " holds impossible sizes; restore the pool from a backup");
  return Status::ok();
}

static bool is_known_version(uint32_t version) {
  return version >= kPoolVersionMin && version <= kPoolVersion;
}

static std::string known_versions() {
  return std::to_string(kPoolVersionMin) + " to " + std::to_string(kPoolVersion);
}

// One copy, from what tells most about it to its checksum. SOUND_MAGIC: the copy was at least meant
// to be a superblock.
static Status validate_copy(const Superblock &s, const std::string &path) {
  if (s.magic != kSuperblockMagic)
    return Status::error(path + " is not a perdure superblock, or it is damaged; restore the pool "
                                "from a backup");
  if (s.crc != superblock_crc(s)) {
    if (!is_known_version(s.version))
      return Status::error(path + " has format version " + std::to_string(s.version) +
                           " (or is damaged), this perdure reads versions " + known_versions() +
                           "; use the perdure that wrote it");
    return Status::error(path + " is damaged (checksum); restore the pool from a backup");
  }
  if (!is_known_version(s.version))
    return Status::error(path + " has format version " + std::to_string(s.version) +
                         ", this perdure reads versions " + known_versions() +
                         "; use the perdure that wrote it");
  if (s.machine != kMachineX86_64 || s.page_size != kPageSize || s.base_slot != PERDURE_SLOT)
    return Status::error(path + " was written on another architecture (machine " +
                         std::to_string(s.machine) + ", page size " + std::to_string(s.page_size) +
                         ", base slot " + std::to_string(s.base_slot) + "); open it there");
  return validate_geometry(s, path);
}

bool superblock_copy_is_sound(const StableFile &file, uint64_t copy) {
  Superblock superblock;
  return file.read(copy * kSuperblockSize, std::as_writable_bytes(std::span(&superblock, 1)))
             .is_ok() &&
         validate_copy(superblock, file.path()).is_ok();
}

Result<Superblock> load_superblock(const StableFile &file) {
  if (file.size() < kSuperblockSize)
    return Status::error(file.path() + " is truncated to " + std::to_string(file.size()) +
                         " bytes; restore the pool from a backup");
  Superblock copies[kSuperblockCopies];
  Status problems[kSuperblockCopies];
  for (uint64_t i = 0; i < kSuperblockCopies; ++i) {
    if (Status status =
            file.read(i * kSuperblockSize, std::as_writable_bytes(std::span(&copies[i], 1)));
        !status)
      return status;
    problems[i] = validate_copy(copies[i], file.path());
  }
  if (problems[0] && problems[1])
    return copies[copies[1].generation > copies[0].generation];
  if (problems[0] || problems[1])
    return copies[problems[0] ? 0 : 1];
  // Both unsound: a copy that has the magic says more about what is wrong.
  return copies[0].magic == kSuperblockMagic ? problems[0] : problems[1];
}

// Not a check of each copy: the older copy would then stand in for a newer one that went on too
// far.
Status check_numbers(const Superblock &s, const std::string &path) {
  constexpr uint64_t kNumberMax = 1ull << 62; // a run cannot come from here to the end
  if (s.generation < kNumberMax && s.horizon_epoch < kNumberMax && s.log_sequence < kNumberMax &&
      s.run < ~0u)
    return Status::ok();
  return Status::error(path + " holds a number that no pool comes to; restore the pool from a "
                              "backup");
}

// A copy that is being written reads as torn, and by the time the second is read the first may be
// old. Two readings in a row that find the same generation rule both out: a newer one that was
// complete before the first reading could only be missed while the generation after it was being
// completed in the other copy, which the second reading would find.
Result<Superblock> load_settled_superblock(const StableFile &file) {
  constexpr int kAttempts = 100;
  Result<Superblock> before = load_superblock(file);
  for (int i = 0; i < kAttempts; ++i) {
    Result<Superblock> again = load_superblock(file);
    if (before && again && before->generation == again->generation)
      return again;
    before = std::move(again);
  }
  return before ? Status::error(file.path() + " changes too fast to be read; try again")
                : before.status();
}

Status rewrite_superblock(StableFile &file, uint64_t generation) {
  const uint64_t offset = generation % kSuperblockCopies * kSuperblockSize;
  std::vector<std::byte> copy(kSuperblockSize);
  if (Status status = file.read(offset, copy); !status)
    return status;
  if (Status status = file.write(offset, copy); !status)
    return status;
  return file.persist();
}

Status store_superblock(StableFile &file, Superblock &superblock, Step step) {
  superblock.generation++;
  superblock.crc = superblock_crc(superblock);
  const uint64_t copy = takes(Step::kOlderCopy) ? superblock.generation % kSuperblockCopies : 0;
  if (Status status = file.write(copy * kSuperblockSize, std::as_bytes(std::span(&superblock, 1)));
      !status)
    return status;
  return persist(step, file);
}

Status store_fresh_superblock(StableFile &file, Superblock &superblock) {
  Superblock copies[kSuperblockCopies];
  for (uint64_t i = 0; i < kSuperblockCopies; ++i) {
    superblock.generation++;
    superblock.crc = superblock_crc(superblock);
    copies[superblock.generation % kSuperblockCopies] = superblock;
  }
  if (Status status = file.write(0, std::as_bytes(std::span(copies))); !status)
    return status;
  return persist(Step::kFreshSuperblock, file);
}

uint64_t heap_end(const PoolOptions &options) {
  const uint64_t segments = (options.size_max + kSegmentSize - 1) / kSegmentSize;
  return std::min(kHeapOffset + segments * kSegmentSize, kSlotSize);
}

Superblock fresh_superblock(const PoolOptions &options) {
  Superblock s{};
  s.magic = kSuperblockMagic;
  s.version = kPoolVersion;
  if (getrandom(s.uuid, sizeof s.uuid, 0) != sizeof s.uuid) {
    timespec now; // no entropy this early in a boot: the clock is unique enough
    clock_gettime(CLOCK_REALTIME, &now);
    std::memcpy(s.uuid, &now, std::min(sizeof now, sizeof s.uuid));
  }
  s.machine = kMachineX86_64;
  s.page_size = kPageSize;
  s.base_slot = PERDURE_SLOT;
  s.heap_limit = heap_end(options);
  s.log_capacity = options.log_size / kPageSize * kPageSize;
  s.log_sequence = 1;
  s.log_lap = 1;
  s.created_s = static_cast<uint64_t>(std::time(nullptr));
  return s;
}

} // namespace perdure
