// SPDX-License-Identifier: Apache-2.0
//
// Creating a pool: it is built as PATH.new, synced, and renamed to PATH, so that a crash at any
// moment leaves either no pool or a whole one. A PATH.new that nobody holds is such a crash's
// remainder and is built anew.
#include "crc32c.h"
#include "heap_layout.h"
#include "pool.h"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace perdure {
namespace {

Status sync_directory(const std::string &path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return system_error("open", path, errno);
  const bool synced = fsync(fd) == 0 || errno == EINVAL; // some file systems have nothing to sync
  const int error = errno;
  ::close(fd);
  return synced ? Status::ok() : system_error("sync", path, error);
}

std::string parent_of(const std::string &path) {
  std::filesystem::path parent = std::filesystem::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

Status create_file(const std::string &path, uint64_t size) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 && errno == EEXIST)
    return Status::error(path + " exists already; remove it if it belongs to no pool, or name "
                                "another path");
  if (fd < 0)
    return system_error("create", path, errno);
  int error = size == 0 ? 0 : posix_fallocate(fd, 0, static_cast<off_t>(size));
  if (error == 0 && fsync(fd) != 0)
    error = errno;
  ::close(fd);
  if (error == 0)
    return Status::ok();
  unlink(path.c_str());
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
      unlink(foreign_log.c_str());
    for (const char *name : {"/superblock", "/image", "/log", "/lock"})
      unlink((directory + name).c_str());
    rmdir(directory.c_str());
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
  if (symlink(target.c_str(), inside.c_str()) != 0)
    return system_error("create", inside, errno);
  return sync_directory(parent_of(target));
}

Status build(const PoolOptions &options, Scaffold &scaffold, const ImageSource &fill) {
  const std::string &directory = scaffold.directory;
  if (Status status = create_log(options, scaffold); !status)
    return status;
  if (Status status = create_file(directory + "/image", 0); !status)
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
  // The heap's metadata is written by the first epoch; it must never meet a full disk.
  if (Status status = pool.image->reserve(0, kMetadataEnd); !status)
    return status;
  if (Status status = pool.image->persist(); !status)
    return status;
  LogFileHeader header{};
  header.magic = kLogMagic;
  header.version = kLogVersion;
  std::memcpy(header.uuid, pool.superblock.uuid, sizeof header.uuid);
  header.crc = crc32c(0, &header, sizeof header);
  if (Status status = pool.log->write(0, std::as_bytes(std::span(&header, 1))); !status)
    return status;
  // Really written, not only reserved: a sync must never have to convert unwritten extents.
  if (Status status = write_zeros(*pool.log, kLogDataOffset, pool.superblock.log_capacity); !status)
    return status;
  // Log and image must be durable before the superblock, because recovery trusts whatever a
  // sound superblock points to. Both copies: one damaged sector must not cost a fresh pool.
  if (Status status = store_superblock(*pool.superblock_file, pool.superblock); !status)
    return status;
  return store_superblock(*pool.superblock_file, pool.superblock);
}

Status create_pool(const PoolOptions &options, const ImageSource &fill) {
  std::string path = options.path;
  while (path.size() > 1 && path.back() == '/')
    path.pop_back();
  if (!pool_is_missing(path))
    return Status::error(path + " exists already; name another path or remove it");
  const std::string parent = parent_of(path);
  struct stat info;
  if (stat(parent.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
    return Status::error("cannot create " + path + ": there is no directory " + parent +
                         "; create it first");
  Scaffold scaffold{path + ".new", "", true};
  if (mkdir(scaffold.directory.c_str(), 0700) != 0 && errno != EEXIST)
    return system_error("create", scaffold.directory, errno);
  auto lock = PoolLock::acquire(scaffold.directory);
  if (!lock)
    return lock.status(); // another process is creating this pool
  scaffold.keep = false;
  for (const char *name : {"/superblock", "/image", "/log"})
    unlink((scaffold.directory + name).c_str());
  if (Status status = build(options, scaffold, fill); !status)
    return status;
  if (Status status = sync_directory(scaffold.directory); !status)
    return status;
  // All of the pool must be durable before its name is, because an opener takes a directory with
  // a superblock for a whole pool.
  if (rename(scaffold.directory.c_str(), path.c_str()) != 0)
    return system_error("create", path, errno);
  scaffold.keep = true;
  return sync_directory(parent);
}

} // namespace perdure
