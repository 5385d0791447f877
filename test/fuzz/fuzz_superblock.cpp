// SPDX-License-Identifier: Apache-2.0
//
// The superblock file: two copies of a sound pool's, patched, their checksums made right again
// unless the script says otherwise. What is accepted must be usable: the pool opens, takes an
// epoch, and is found again with it.
//
//   script = flags (1: copies whose checksum is made right; 4: cut off the file), {patch}
#include "bytes_file.h"
#include "crc32c.h"
#include "epoch_record.h"
#include "heap_layout.h"
#include "memory_file.h"
#include "pooled_image.h"
#include "script.h"

namespace perdure::fuzz {
namespace {

constexpr uint64_t kLogSize = 64 << 10;
constexpr Area kAreas[] = {
    {0, 160}, {kSuperblockSize, 160}, {0, kSuperblockCopies *kSuperblockSize}};

struct Files {
  std::vector<std::byte> superblock, log;
};

// What is in it does not matter here, only how long it is.
MemoryFile &image_file() {
  static MemoryFile file("image");
  return file;
}

Pool pool_of(Files &files) {
  Pool pool;
  pool.path = "pool";
  pool.superblock_file = std::make_unique<BytesFile>("superblock", files.superblock, 1);
  pool.image = image_file().open();
  pool.log = std::make_unique<BytesFile>("log", files.log, 512);
  return pool;
}

EpochRecord record_of(uint64_t epoch) {
  EpochRecord record(epoch);
  record.add(0, "perdure", 7);
  return record;
}

Files sound_files() {
  Files files;
  Pool pool = pool_of(files);
  PoolOptions options;
  options.log_size = kLogSize;
  pool.superblock = fresh_superblock(options);
  std::memset(pool.superblock.uuid, 7, sizeof pool.superblock.uuid); // the same in every process
  pool.superblock.created_s = 1;
  demand(format_pool(pool).is_ok(), "no sound pool");
  auto image = PooledImage::start(std::move(pool), false);
  demand(image.is_ok() && (*image)->commit(record_of(1)) && (*image)->close(), "no sound pool");
  return files;
}

void mend_checksum(std::span<std::byte> copy) {
  const uint32_t zero = 0;
  std::memcpy(&copy[offsetof(Superblock, crc)], &zero, sizeof zero);
  const uint32_t crc = crc32c(0, copy.data(), copy.size());
  std::memcpy(&copy[offsetof(Superblock, crc)], &crc, sizeof crc);
}

Files hostile_files(const Files &sound, Script script) {
  Files files = sound;
  image_file().resize(kSegmentSize); // as the sound superblock says
  const auto flags = script.number<uint8_t>();
  while (!script.done()) {
    const Patch patch = read_patch(script, kAreas);
    std::memcpy(&files.superblock[patch.offset], patch.bytes.data(), patch.bytes.size());
  }
  for (uint64_t copy = 0; copy < kSuperblockCopies; ++copy)
    if (flags & (1u << copy))
      mend_checksum(std::span(files.superblock).subspan(copy * kSuperblockSize, kSuperblockSize));
  if (flags & 4)
    files.superblock.resize((flags >> 3) * 300);
  return files;
}

Result<Pool> opened(Files &files) {
  Pool pool = pool_of(files);
  auto superblock = load_superblock(*pool.superblock_file);
  if (!superblock) {
    accepted(superblock.status(), "superblock");
    return superblock.status();
  }
  pool.superblock = *superblock;
  if (Status status = validate_pool(pool); !status) {
    accepted(status, status.message().starts_with(pool.image->path()) ? pool.image->path() : "log");
    return status;
  }
  return pool;
}

void use(Files &files) {
  auto pool = opened(files);
  if (!pool)
    return;
  auto image = PooledImage::start(std::move(*pool), false);
  if (!image) {
    accepted(image.status(), image.status().message().starts_with("log") ? "log" : "superblock");
    return;
  }
  const uint64_t epoch = (*image)->last_epoch() + 1;
  demand((*image)->commit(record_of(epoch)).is_ok(), "no epoch can be committed");
  image->reset();
  auto again = opened(files);
  demand(again.is_ok(), "the pool cannot be opened again");
  auto report = recover(*again);
  demand(report.is_ok() && report->last_epoch == epoch, "a committed epoch is missing");
}

} // namespace
} // namespace perdure::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace perdure::fuzz;
  static const Files sound = sound_files();
  Files files = hostile_files(sound, Script(data, size));
  use(files);
  return 0;
}
