// SPDX-License-Identifier: Apache-2.0
//
// Simulated storage for crash tests: a file system in memory whose files lie below the code of the
// persistence domains (persist_device.h) and that tells what a power cut at any moment may leave.
// This comment is the definition; docs/crash_model.md explains it.
//
// Block. A write is pending until a sync of its file that began after it has completed, or until it
// returns if the file was opened O_DSYNC. A crash leaves in each 512-byte sector, independently,
// the durable content or any content it had since. So writes survive in any subset and any order,
// torn at sectors. Stores through a shared mapping of a file are writes.
//
// Memory. Stores land in the mapping. A flush or a non-temporal store marks the lines it touches; a
// fence of the same thread makes them durable, with the content they had when they were marked. A
// crash leaves in each 8 bytes, independently, the durable content or any they had since. So
// unfenced lines survive in any subset, each at any value since it was last durable, torn at 8
// bytes. Files of such a store that are not mapped behave as on a block device, but torn at 8
// bytes.
//
// Names and sizes, in both. A file's size is the durable one or any it had since; growing leaves
// zeros. What is done to a directory (create, remove, rename, each atomic by itself) is pending
// until the directory is synced; a crash keeps any subset.
#pragma once

#include "persist.h"
#include "persist_device.h"
#include "power_cut.h"
#include "simulated_contents.h"
#include "simulated_names.h"
#include <functional>
#include <map>
#include <memory>
#include <mutex>

namespace perdure {

// Files that share one power supply. Any thread. The store must outlive the files.
class SimulatedStore final : public FileSystem {
public:
  enum class Medium { kBlock, kMemory };
  explicit SimulatedStore(Medium medium) : medium_(medium) {}

  // Called before each sync or fence takes effect, with its number, and after each epoch of a
  // replay: at these points everything that a crash since the last one could have left is still
  // possible. The store is locked meanwhile: other threads wait in it, and cut() may be called.
  std::function<void(uint64_t point)> on_crash_point;
  uint64_t crash_points() const;

  // What a crash now may leave.
  PowerCut cut() const;
  // From now on every write and sync fails with an I/O error.
  void break_device();
  // Files' write_back() fails from now on.
  void fail_write_backs() { write_backs_fail_ = true; }
  // A file of the root directory, durably created if it is missing: for tests of single files.
  std::unique_ptr<StableFile> open(const std::string &name);

  std::unique_ptr<BlockDevice> open(const std::string &path, Open mode) override;
  Result<std::unique_ptr<StableFile>> map_pmem(const std::string &path, bool emulate) override;
  int make_directory(const std::string &path) override;
  int remove_directory(const std::string &path) override;
  int remove(const std::string &path) override;
  int rename(const std::string &from, const std::string &to) override;
  int link(const std::string &target, const std::string &path) override;
  int sync_directory(const std::string &path) override;
  Kind kind(const std::string &path) override;
  bool is_empty(const std::string &directory) override;
  std::string link_target(const std::string &path) override;
  std::string resolved(const std::string &path) override;
  Result<std::unique_ptr<PoolLock>> lock(const std::string &directory) override;

private:
  friend class SimulatedDevice;
  friend class SimulatedMemory;
  friend class PowerCut;
  using Guard = std::lock_guard<std::recursive_mutex>;
  int fail_if_broken() const;
  void crash_point();
  uint32_t atom() const { return medium_ == Medium::kBlock ? 512 : 8; }

  const Medium medium_;
  mutable std::recursive_mutex mutex_; // recursive: crash points look at the store
  SimulatedNames names_;
  std::map<size_t, std::shared_ptr<SimulatedContents>> files_; // by node of names_
  uint64_t crash_points_ = 0;
  bool broken_ = false, write_backs_fail_ = false;
};

// In its scope the thread opens pools in STORE.
class InStore {
public:
  explicit InStore(SimulatedStore &store) : before_(use_file_system(&store)) {}
  ~InStore() { use_file_system(before_); }
  InStore(const InStore &) = delete;

private:
  FileSystem *const before_;
};

} // namespace perdure
