// SPDX-License-Identifier: Apache-2.0
//
// The kernel's files and directories; see persist_device.h.
#include "persist.h"
#include "persist_device.h"
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace perdure {
namespace {

class KernelFile final : public BlockDevice {
public:
  explicit KernelFile(int fd) : fd_(fd) {}
  ~KernelFile() override { ::close(fd_); }

  ssize_t write(const void *data, size_t size, uint64_t offset) override {
    return pwrite(fd_, data, size, static_cast<off_t>(offset));
  }
  ssize_t read(void *data, size_t size, uint64_t offset) override {
    return pread(fd_, data, size, static_cast<off_t>(offset));
  }
  int sync() override { return fdatasync(fd_); }
  int write_back(uint64_t offset, uint64_t size) override {
    return sync_file_range(fd_, static_cast<off_t>(offset), static_cast<off_t>(size),
                           SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                               SYNC_FILE_RANGE_WAIT_AFTER);
  }
  int resize(uint64_t size) override { return ftruncate(fd_, static_cast<off_t>(size)); }
  int allocate(uint64_t size) override {
    errno = posix_fallocate(fd_, 0, static_cast<off_t>(size));
    return errno == 0 ? 0 : -1;
  }
  int reserve(uint64_t offset, uint64_t size) override {
    return fallocate(fd_, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                     static_cast<off_t>(size));
  }
  int64_t next_data(uint64_t offset) override {
    return lseek(fd_, static_cast<off_t>(offset), SEEK_DATA);
  }
  int64_t size() override {
    struct stat info;
    return fstat(fd_, &info) == 0 ? info.st_size : -1;
  }
  int fd() override { return fd_; }

private:
  const int fd_;
};

int open_flags(Open mode) {
  switch (mode) {
  case Open::kRead:
    return O_RDONLY;
  case Open::kReadWrite:
    return O_RDWR;
  case Open::kDirect:
    return O_RDWR | O_DIRECT | O_DSYNC;
  case Open::kDirectRead:
    return O_RDONLY | O_DIRECT;
  case Open::kCreate:
    return O_RDWR | O_CREAT | O_EXCL;
  }
  return O_RDONLY;
}

class KernelFileSystem final : public FileSystem {
public:
  std::unique_ptr<BlockDevice> open(const std::string &path, Open mode) override {
    const int fd = ::open(path.c_str(), open_flags(mode) | O_CLOEXEC, 0600);
    return fd < 0 ? nullptr : std::make_unique<KernelFile>(fd);
  }
  Result<std::unique_ptr<StableFile>> map_pmem(const std::string &path, bool emulate) override {
    return open_libpmem(path, emulate);
  }
  int make_directory(const std::string &path) override { return mkdir(path.c_str(), 0700); }
  int remove_directory(const std::string &path) override { return rmdir(path.c_str()); }
  int remove(const std::string &path) override { return unlink(path.c_str()); }
  int rename(const std::string &from, const std::string &to) override {
    return ::rename(from.c_str(), to.c_str());
  }
  int link(const std::string &target, const std::string &path) override {
    return symlink(target.c_str(), path.c_str());
  }
  int sync_directory(const std::string &path) override {
    const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
      return -1;
    const int result = fsync(fd);
    const int error = errno;
    ::close(fd);
    errno = error;
    return result != 0 && error != EINVAL ? -1 : 0; // some file systems have nothing to sync
  }
  Kind kind(const std::string &path) override {
    struct stat info;
    if (stat(path.c_str(), &info) == 0)
      return S_ISDIR(info.st_mode) ? Kind::kDirectory : Kind::kOther;
    return errno == ENOENT ? Kind::kMissing : Kind::kUnknown;
  }
  bool is_empty(const std::string &directory) override {
    // Not std::filesystem::is_empty(), which ends the program where there is no memory.
    DIR *entries = opendir(directory.c_str());
    if (!entries)
      return false;
    int others = 0; // than . and ..
    while (const dirent *entry = readdir(entries))
      others += std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0;
    closedir(entries);
    return others == 0;
  }
  std::string link_target(const std::string &path) override {
    std::error_code error;
    return std::filesystem::read_symlink(path, error).string();
  }
  std::string resolved(const std::string &path) override {
    std::error_code error;
    const std::string all = std::filesystem::canonical(path, error).string();
    return error ? path : all;
  }
  Result<std::unique_ptr<PoolLock>> lock(const std::string &directory) override {
    return PoolLock::acquire(directory);
  }
};

thread_local FileSystem *in_use; // null: the kernel's

} // namespace

FileSystem &file_system() {
  static FileSystem &kernel = *new KernelFileSystem; // pools may be closed by static destructors
  return in_use ? *in_use : kernel;
}

FileSystem *use_file_system(FileSystem *files) { return std::exchange(in_use, files); }

} // namespace perdure
