// SPDX-License-Identifier: Apache-2.0
//
// Creating a pool: it is built as PATH.new, synced, and renamed to PATH, so that a crash at any
// moment leaves either no pool or a whole one. A PATH.new that nobody holds is such a crash's
// remainder and is built anew.
#include "crc32c.h"
#include "heap_layout.h"
#include "persist_device.h"
#include "pool.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace perdure {
namespace {

Status sync_directory(const std::string &path, Step step) {
  if (!takes(step))
    return Status::ok();
  return file_system().sync_directory(path) == 0 ? Status::ok() : system_error("sync", path, errno);
}

std::string parent_of(const std::string &path) {
  std::filesystem::path parent = std::filesystem::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

// RESERVED: disk space it gets beyond its size.
Status create_file(const std::string &path, uint64_t size, uint64_t reserved = 0) {
  if (exceeds_file_limit(std::max(size, reserved)))
    return system_error("create", path, EFBIG);
  auto file = file_system().open(path, Open::kCreate);
  if (!file && errno == EEXIST)
    return Status::error(path + " exists already; remove it if it belongs to no pool, or name "
                                "another path");
  if (!file)
    return system_error("create", path, errno);
  if ((size == 0 || file->allocate(size) == 0) &&
      (reserved == 0 || file->reserve(0, reserved) == 0 || errno == EOPNOTSUPP) &&
      (!takes(Step::kFileCreated) || file->sync() == 0))
    return Status::ok();
  const int error = errno;
  file_system().remove(path);
  return system_error("create", path, error);
}

// What has to go again if creation fails half-way.
struct Scaffold {
  std::string directory;
  std::string foreign_log; // a log outside the directory
  bool keep = false;
  ~Scaffold() {
    if (keep)
      return;
    if (!foreign_log.empty())
      file_system().remove(foreign_log);
    for (const char *name : {"/superblock", "/image", "/log", "/lock"})
      file_system().remove(directory + name);
    file_system().remove_directory(directory);
  }
};

Status create_log(const PoolOptions &options, Scaffold &scaffold) {
  const uint64_t bytes = kLogDataOffset + options.log_size / kPageSize * kPageSize;
  const std::string inside = scaffold.directory + "/log";
  if (options.log_path.empty())
    return create_file(inside, bytes);
  std::error_code error;
  const std::string target = std::filesystem::absolute(options.log_path, error).string();
  if (Status status = create_file(target, bytes); !status)
    return status;
  scaffold.foreign_log = target;
  if (file_system().link(target, inside) != 0)
    return system_error("create", inside, errno);
  return sync_directory(parent_of(target), Step::kForeignLogName);
}

Status build(const PoolOptions &options, Scaffold &scaffold, const ImageSource &fill) {
  const std::string &directory = scaffold.directory;
  if (Status status = create_log(options, scaffold); !status)
    return status;
  // The heap's metadata is written by the first epoch; it must never meet a full disk.
  if (Status status = create_file(directory + "/image", 0, kMetadataEnd); !status)
    return status;
  if (Status status = create_file(directory + "/superblock", kSuperblockCopies * kSuperblockSize);
      !status)
    return status;
  auto superblock_file = open_direct(directory + "/superblock", kSuperblockSize);
  auto image = open_buffered(directory + "/image", Access::kReadWrite);
  auto log = open_pmem(directory + "/log", options.emulate_pmem);
  if (log && !*log)
    log = open_direct(directory + "/log", 0);
  if (!superblock_file || !image || !log)
    return !superblock_file ? superblock_file.status() : !image ? image.status() : log.status();
  Pool pool;
  pool.superblock = fresh_superblock(options);
  pool.superblock_file = std::move(*superblock_file);
  pool.image = std::move(*image);
  pool.log = std::move(*log);
  if (fill)
    if (Status status = fill(*pool.image, pool.superblock); !status)
      return status;
  return format_pool(pool);
}

} // namespace

uint32_t natural_log_alignment(const StableFile &log) {
  return log.write_alignment() < kLogAlignmentMin ? 512 : log.write_alignment();
}

Status format_pool(Pool &pool) {
  pool.superblock.log_alignment = natural_log_alignment(*pool.log);
  pool.superblock.log_domain = static_cast<uint32_t>(pool.log->domain());
  LogFileHeader header{};
  header.magic = kLogMagic;
  header.version = kLogVersion;
  std::memcpy(header.uuid, pool.superblock.uuid, sizeof header.uuid);
  header.crc = crc32c(0, &header, sizeof header);
  if (Status status = pool.log->write(0, std::as_bytes(std::span(&header, 1))); !status)
    return status;
  // Really written, not only reserved: a sync must never have to convert unwritten extents.
  if (Status status =
          write_zeros(*pool.log, kLogDataOffset, pool.superblock.log_capacity, Step::kFreshLog);
      !status)
    return status;
  // Log and image must be durable before the superblock, because recovery trusts whatever a
  // sound superblock points to.
  return store_fresh_superblock(*pool.superblock_file, pool.superblock);
}

Status create_pool(const PoolOptions &options, const ImageSource &fill) {
  std::string path = options.path;
  while (path.size() > 1 && path.back() == '/')
    path.pop_back();
  if (!pool_is_missing(path))
    return Status::error(path + " exists already; name another path or remove it");
  const std::string parent = parent_of(path);
  if (file_system().kind(parent) != FileSystem::Kind::kDirectory)
    return Status::error("cannot create " + path + ": there is no directory " + parent +
                         "; create it first");
  Scaffold scaffold{path + ".new", "", true};
  if (file_system().make_directory(scaffold.directory) != 0 && errno != EEXIST)
    return system_error("create", scaffold.directory, errno);
  auto lock = file_system().lock(scaffold.directory);
  if (!lock)
    return lock.status(); // another process is creating this pool
  scaffold.keep = false;
  for (const char *name : {"/superblock", "/image", "/log"})
    file_system().remove(scaffold.directory + name);
  if (Status status = build(options, scaffold, fill); !status)
    return status;
  if (Status status = sync_directory(scaffold.directory, Step::kNamesInPool); !status)
    return status;
  // All of the pool must be durable before its name is, because an opener takes a directory with
  // a superblock for a whole pool.
  if (file_system().rename(scaffold.directory, path) != 0)
    return system_error("create", path, errno);
  // Where its name cannot be made durable there must be no pool: an opener would trust it.
  scaffold.directory = path;
  if (Status status = sync_directory(parent, Step::kPoolName); !status)
    return status;
  scaffold.keep = true;
  return Status::ok();
}

Status make_name_durable(const Pool &pool) {
  // The creator's own sync preceded the first run.
  return pool.superblock.run == 0 ? sync_directory(parent_of(pool.path), Step::kPoolName)
                                  : Status::ok();
}

} // namespace perdure
