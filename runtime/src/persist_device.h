// SPDX-License-Identifier: Apache-2.0
//
// The primitives that the persistence domains are made of, and nothing above them: the system calls
// on an open file, the names of files, and (in persist_pmem_file.h) stores past the cache and the
// fence. In production they are the kernel's and libpmem's; the crash simulation puts its own
// underneath (persist_simulated), so that there the same code of the domains runs.
#pragma once

#include "pool_lock.h"
#include "status.h"
#include <cstdint>
#include <memory>
#include <string>
#include <sys/types.h>

namespace perdure {

class StableFile;

// An open file. As the system calls: -1 and errno.
class BlockDevice {
public:
  virtual ~BlockDevice() = default;
  virtual ssize_t write(const void *data, size_t size, uint64_t offset) = 0;
  virtual ssize_t read(void *data, size_t size, uint64_t offset) = 0;
  virtual int sync() = 0; // fdatasync
  // sync_file_range: what was written there is on its way when it returns; nothing is durable yet.
  virtual int write_back(uint64_t, uint64_t) { return 0; }
  virtual int resize(uint64_t size) = 0;                   // ftruncate
  virtual int allocate(uint64_t size) = 0;                 // posix_fallocate from the start
  virtual int reserve(uint64_t offset, uint64_t size) = 0; // fallocate, keeping the size
  virtual int64_t next_data(uint64_t offset) = 0;          // lseek SEEK_DATA
  virtual int64_t size() = 0;
  virtual int fd() = 0;
  // Stores were made through a shared mapping of fd(). For the simulation, which cannot see them.
  virtual void stored_through_mapping() {}
};

enum class Open {
  kRead,
  kReadWrite,
  kDirect, // O_DIRECT | O_DSYNC: a write is durable when it returns
  kDirectRead,
  kCreate // must not exist yet
};

// Where pool directories lie.
class FileSystem {
public:
  virtual ~FileSystem() = default;

  // Null and errno.
  virtual std::unique_ptr<BlockDevice> open(const std::string &path, Open mode) = 0;
  // See open_pmem() in persist.h.
  virtual Result<std::unique_ptr<StableFile>> map_pmem(const std::string &path, bool emulate) = 0;

  // As the system calls: -1 and errno.
  virtual int make_directory(const std::string &path) = 0;
  virtual int remove_directory(const std::string &path) = 0;
  virtual int remove(const std::string &path) = 0;
  virtual int rename(const std::string &from, const std::string &to) = 0;
  virtual int link(const std::string &target, const std::string &path) = 0; // symbolic
  virtual int sync_directory(const std::string &path) = 0;

  enum class Kind { kMissing, kDirectory, kOther, kUnknown };
  virtual Kind kind(const std::string &path) = 0; // kUnknown: see errno. Follows links.
  virtual bool is_empty(const std::string &directory) = 0;
  virtual std::string link_target(const std::string &path) = 0; // empty: no link
  virtual std::string resolved(const std::string &path) = 0;    // without links; as given on error
  // See PoolLock::acquire().
  virtual Result<std::unique_ptr<PoolLock>> lock(const std::string &directory) = 0;
};

// The kernel's, unless the calling thread has chosen another.
FileSystem &file_system();
// From now on the calling thread creates and opens pools in FILES (null: the kernel's again), which
// must outlive them. Returns what it used before. For crash tests.
FileSystem *use_file_system(FileSystem *files);

} // namespace perdure
