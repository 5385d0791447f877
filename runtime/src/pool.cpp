// SPDX-License-Identifier: Apache-2.0
//
// Opening a pool directory; see pool.h. Its creation is in pool_create.cpp.
#include "pool.h"
#include "crc32c.h"
#include "persist_device.h"
#include <cerrno>
#include <cstring>

namespace perdure {

LogGeometry Pool::log_geometry() const {
  return {superblock.log_capacity, superblock.log_alignment,
          crc32c(0, superblock.uuid, sizeof superblock.uuid), superblock.run};
}

LogPosition Pool::log_start() const {
  return {superblock.log_start, superblock.log_sequence, superblock.log_lap};
}

bool pool_is_missing(const std::string &path) {
  const FileSystem::Kind kind = file_system().kind(path);
  return kind == FileSystem::Kind::kMissing ||
         (kind == FileSystem::Kind::kDirectory && file_system().is_empty(path));
}

static Status check_directory(const std::string &path) {
  using enum FileSystem::Kind;
  const FileSystem::Kind kind = file_system().kind(path);
  if (kind == kMissing)
    return Status::error("there is no pool " + path + "; create it with: perdure create " + path);
  if (kind == kUnknown)
    return system_error("open", path, errno);
  if (kind != kDirectory)
    return Status::error(path + " is not a pool (a pool is a directory); name another path");
  if (file_system().kind(path + "/superblock") == kMissing)
    return Status::error(path + " is not a pool (it has no file superblock); name another path");
  return Status::ok();
}

static Status validate_log_header(const Pool &pool) {
  LogFileHeader header;
  const std::string &path = pool.log->path();
  if (pool.log->size() < kLogDataOffset ||
      pool.log->size() - kLogDataOffset < pool.superblock.log_capacity)
    return Status::error(path + " is truncated to " + std::to_string(pool.log->size()) +
                         " bytes; restore the pool from a backup");
  if (Status status = pool.log->read(0, std::as_writable_bytes(std::span(&header, 1))); !status)
    return status;
  const uint32_t crc = header.crc;
  header.crc = 0;
  if (header.magic != kLogMagic || crc32c(0, &header, sizeof header) != crc)
    return Status::error(path + " is not a perdure log, or its header is damaged; put this pool's "
                                "log there or restore the pool from a backup");
  if (header.version != kLogVersion)
    return Status::error(path + " has log version " + std::to_string(header.version) +
                         ", this perdure reads version " + std::to_string(kLogVersion) +
                         "; use the perdure that wrote it");
  if (std::memcmp(header.uuid, pool.superblock.uuid, sizeof header.uuid) != 0)
    return Status::error(path + " is the log of another pool; put this pool's log there");
  return Status::ok();
}

Status validate_pool(const Pool &pool) {
  if (pool.image->size() < pool.superblock.image_bytes)
    return Status::error(
        pool.image->path() + " is truncated to " + std::to_string(pool.image->size()) + " of " +
        std::to_string(pool.superblock.image_bytes) + " bytes; restore the pool from a backup");
  return validate_log_header(pool);
}

// A log elsewhere is a symbolic link in the directory, so the pool finds it without being told.
static Status check_log_path(const PoolOptions &options) {
  const std::string link = options.path + "/log";
  FileSystem &files = file_system();
  if (const FileSystem::Kind kind = files.kind(link);
      kind == FileSystem::Kind::kMissing || kind == FileSystem::Kind::kUnknown) {
    const std::string target = files.link_target(link);
    return Status::error("the pool's log " + (target.empty() ? link : target) +
                         " is missing; put it back, or point the link " + link +
                         " to where it is now");
  }
  if (options.log_path.empty() || files.resolved(link) == files.resolved(options.log_path))
    return Status::ok();
  return Status::error("the log of " + options.path + " is " + files.resolved(link) + ", not " +
                       options.log_path + "; leave log= out, or move the log and the link " + link);
}

static Result<std::unique_ptr<StableFile>>
open_log(const std::string &path, const PoolOptions &options, uint32_t alignment) {
  auto log = open_pmem(path, options.emulate_pmem);
  if (!log || *log)
    return log;
  return open_direct(path, alignment);
}

static Status open_files(Pool &pool, const PoolOptions &options, Access access) {
  auto superblock = access == Access::kReadWrite
                        ? open_direct(pool.path + "/superblock", kSuperblockSize)
                        : open_buffered(pool.path + "/superblock", access);
  if (!superblock)
    return superblock.status();
  auto loaded = access == Access::kReadWrite ? load_superblock(**superblock)
                                             : load_settled_superblock(**superblock);
  if (!loaded)
    return loaded.status();
  pool.superblock = *loaded;
  pool.superblock_file = std::move(*superblock);
  auto image = open_buffered(pool.path + "/image", access);
  if (!image)
    return image.status();
  pool.image = std::move(*image);
  const std::string log_path = pool.path + "/log";
  auto log = access == Access::kReadWrite
                 ? open_log(log_path, options, pool.superblock.log_alignment)
                 : open_buffered(log_path, access);
  if (!log)
    return log.status();
  pool.log = std::move(*log);
  return validate_pool(pool);
}

Result<Pool> open_pool(const PoolOptions &options) {
  if (Status status = check_directory(options.path); !status)
    return status;
  if (Status status = check_log_path(options); !status)
    return status;
  Pool pool;
  pool.path = options.path;
  auto lock = file_system().lock(options.path);
  if (!lock)
    return lock.status();
  pool.lock = std::move(*lock);
  if (Status status = open_files(pool, options, Access::kReadWrite); !status)
    return status;
  return pool;
}

Result<Pool> inspect_pool(const std::string &path) {
  if (Status status = check_directory(path); !status)
    return status;
  PoolOptions options;
  options.path = path;
  if (Status status = check_log_path(options); !status)
    return status;
  Pool pool;
  pool.path = path;
  if (Status status = open_files(pool, options, Access::kReadOnly); !status)
    return status;
  return pool;
}

} // namespace perdure
