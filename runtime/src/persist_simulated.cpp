// SPDX-License-Identifier: Apache-2.0
//
// Open files, mapped memory and names of the simulation; see persist_simulated.h. What may be left
// of them is in simulated_contents.cpp, simulated_names.cpp and power_cut.cpp.
#include "persist_simulated.h"
#include "check.h"
#include "persist_pmem_file.h"
#include <cerrno>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace perdure {

class SimulatedDevice final : public BlockDevice {
public:
  SimulatedDevice(SimulatedStore &store, std::shared_ptr<SimulatedContents> contents, bool direct)
      : store_(store), contents_(std::move(contents)), direct_(direct) {}

  ssize_t write(const void *data, size_t size, uint64_t offset) override {
    SimulatedStore::Guard guard(store_.mutex_);
    if (store_.fail_if_broken() != 0)
      return -1;
    const ssize_t written = pwrite(contents_->fd(), data, size, static_cast<off_t>(offset));
    if (written <= 0)
      return written;
    const uint64_t end = offset + static_cast<uint64_t>(written);
    if (end > contents_->size())
      (void)contents_->resize(end);
    contents_->changed(offset, static_cast<uint64_t>(written));
    if (direct_) {
      store_.crash_point();
      contents_->settle(offset, static_cast<uint64_t>(written));
    }
    return written;
  }

  ssize_t read(void *data, size_t size, uint64_t offset) override {
    SimulatedStore::Guard guard(store_.mutex_);
    return pread(contents_->fd(), data, size, static_cast<off_t>(offset));
  }

  int sync() override {
    SimulatedStore::Guard guard(store_.mutex_);
    if (store_.fail_if_broken() != 0)
      return -1;
    contents_->changed_somewhere();
    store_.crash_point();
    contents_->settle();
    return 0;
  }

  int write_back(uint64_t, uint64_t) override {
    SimulatedStore::Guard guard(store_.mutex_);
    errno = EIO;
    return store_.broken_ || store_.write_backs_fail_ ? -1 : 0;
  }

  int resize(uint64_t size) override {
    SimulatedStore::Guard guard(store_.mutex_);
    return store_.fail_if_broken() != 0 ? -1 : contents_->resize(size);
  }
  int allocate(uint64_t size) override { return resize(std::max(size, contents_->size())); }
  int reserve(uint64_t, uint64_t) override {
    SimulatedStore::Guard guard(store_.mutex_);
    return store_.fail_if_broken();
  }
  int64_t next_data(uint64_t offset) override {
    SimulatedStore::Guard guard(store_.mutex_);
    return lseek(contents_->fd(), static_cast<off_t>(offset), SEEK_DATA);
  }
  int64_t size() override {
    SimulatedStore::Guard guard(store_.mutex_);
    return static_cast<int64_t>(contents_->size());
  }
  int fd() override { return contents_->fd(); }

  void stored_through_mapping() override {
    SimulatedStore::Guard guard(store_.mutex_);
    contents_->changed_somewhere();
    store_.crash_point();
  }

private:
  SimulatedStore &store_;
  const std::shared_ptr<SimulatedContents> contents_;
  const bool direct_;
};

class SimulatedMemory {
public:
  SimulatedMemory(SimulatedStore &store, std::shared_ptr<SimulatedContents> contents)
      : store_(&store), contents_(std::move(contents)) {
    map();
  }
  SimulatedMemory(SimulatedMemory &&other)
      : store_(other.store_), contents_(std::move(other.contents_)),
        base_(std::exchange(other.base_, nullptr)), size_(other.size_) {}
  ~SimulatedMemory() {
    if (base_)
      munmap(base_, size_);
  }

  std::byte *base() const { return base_; }
  uint64_t size() const { return size_; }
  Domain domain() const { return Domain::kPmem; }

  void stream(std::byte *to, const std::byte *from, uint64_t size) {
    SimulatedStore::Guard guard(store_->mutex_);
    contents_->changed_somewhere(); // plain stores before this one
    std::memcpy(to, from, size);
    contents_->flush(static_cast<uint64_t>(to - base_), size);
  }
  void stream_zeros(std::byte *to, uint64_t size) {
    const std::vector<std::byte> zeros(size);
    stream(to, zeros.data(), size);
  }
  void fence() {
    SimulatedStore::Guard guard(store_->mutex_);
    contents_->changed_somewhere();
    store_->crash_point();
    contents_->fence();
  }
  int extend(const std::string &, uint64_t size) {
    SimulatedStore::Guard guard(store_->mutex_);
    return store_->fail_if_broken() != 0 || contents_->resize(size) != 0 ? errno : 0;
  }
  int sync_size(const std::string &) {
    SimulatedStore::Guard guard(store_->mutex_);
    store_->crash_point();
    contents_->settle_size();
    return 0;
  }
  int map_again(const std::string &) {
    munmap(base_, size_);
    map();
    return 0;
  }

private:
  void map() {
    size_ = contents_->size();
    void *base = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, contents_->fd(), 0);
    PERDURE_CHECK(base != MAP_FAILED, "a simulated file cannot be mapped");
    base_ = static_cast<std::byte *>(base);
  }

  SimulatedStore *store_;
  std::shared_ptr<SimulatedContents> contents_;
  std::byte *base_ = nullptr;
  uint64_t size_ = 0;
};

int SimulatedStore::fail_if_broken() const {
  errno = EIO;
  return broken_ ? -1 : 0;
}

void SimulatedStore::crash_point() {
  const uint64_t point = crash_points_++;
  if (on_crash_point)
    on_crash_point(point);
}

uint64_t SimulatedStore::crash_points() const {
  Guard guard(mutex_);
  return crash_points_;
}

void SimulatedStore::break_device() {
  Guard guard(mutex_);
  broken_ = true;
}

std::unique_ptr<StableFile> SimulatedStore::open(const std::string &name) {
  FileSystem *before = use_file_system(this);
  if (kind(name) == Kind::kMissing) {
    open(name, Open::kCreate);
    sync_directory("/");
  }
  auto file = open_buffered(name, Access::kReadWrite);
  use_file_system(before);
  return std::move(*file);
}

std::unique_ptr<BlockDevice> SimulatedStore::open(const std::string &path, Open mode) {
  Guard guard(mutex_);
  if (mode == Open::kCreate) {
    if (fail_if_broken() != 0 || names_.add(path, {SimulatedNames::Node::Kind::kFile}) != 0)
      return nullptr;
    files_[names_.find(path)] =
        std::make_shared<SimulatedContents>(atom(), SimulatedContents::Pages(), 0);
  }
  const auto file = files_.find(names_.find(path));
  if (file == files_.end()) {
    errno = ENOENT;
    return nullptr;
  }
  return std::make_unique<SimulatedDevice>(*this, file->second, mode == Open::kDirect);
}

Result<std::unique_ptr<StableFile>> SimulatedStore::map_pmem(const std::string &path, bool) {
  Guard guard(mutex_);
  const auto file = files_.find(names_.find(path));
  if (medium_ == Medium::kBlock || file == files_.end() || file->second->size() == 0)
    return std::unique_ptr<StableFile>();
  return std::unique_ptr<StableFile>(
      new PmemFile<SimulatedMemory>(path, SimulatedMemory(*this, file->second)));
}

int SimulatedStore::make_directory(const std::string &path) {
  Guard guard(mutex_);
  return fail_if_broken() != 0 ? -1 : names_.add(path, {SimulatedNames::Node::Kind::kDirectory});
}

int SimulatedStore::remove_directory(const std::string &path) { return remove(path); }

int SimulatedStore::remove(const std::string &path) {
  Guard guard(mutex_);
  return fail_if_broken() != 0 ? -1 : names_.remove(path);
}

int SimulatedStore::rename(const std::string &from, const std::string &to) {
  Guard guard(mutex_);
  return fail_if_broken() != 0 ? -1 : names_.rename(from, to);
}

int SimulatedStore::link(const std::string &target, const std::string &path) {
  Guard guard(mutex_);
  return fail_if_broken() != 0 ? -1 : names_.add(path, {SimulatedNames::Node::Kind::kLink, target});
}

int SimulatedStore::sync_directory(const std::string &path) {
  Guard guard(mutex_);
  if (fail_if_broken() != 0)
    return -1;
  crash_point();
  return names_.sync(path);
}

FileSystem::Kind SimulatedStore::kind(const std::string &path) {
  Guard guard(mutex_);
  const size_t node = names_.find(path);
  if (node == SimulatedNames::kNone)
    return Kind::kMissing;
  return names_.node(node).kind == SimulatedNames::Node::Kind::kDirectory ? Kind::kDirectory
                                                                          : Kind::kOther;
}

bool SimulatedStore::is_empty(const std::string &directory) {
  Guard guard(mutex_);
  return names_.node(names_.find(directory)).entries.empty();
}

std::string SimulatedStore::link_target(const std::string &path) {
  Guard guard(mutex_);
  const size_t node = names_.find(path, false);
  return node == SimulatedNames::kNone ? "" : names_.node(node).target;
}

// Links to links are not followed: the pool has none.
std::string SimulatedStore::resolved(const std::string &path) {
  const std::string target = link_target(path);
  return target.empty() ? path : target;
}

// One process at a time has a simulated store.
Result<std::unique_ptr<PoolLock>> SimulatedStore::lock(const std::string &) {
  return std::unique_ptr<PoolLock>();
}

} // namespace perdure
