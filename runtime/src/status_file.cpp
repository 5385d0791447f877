// SPDX-License-Identifier: Apache-2.0
//
// See status_file.h. Written by system calls, not through a mapping: a store to a page that cannot
// be had (disk full, file truncated by somebody) would be a signal, and kill the program.
#include "status_file.h"
#include "crc32c.h"
#include "persist.h"
#include <algorithm>
#include <cerrno>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace perdure {

static uint32_t status_crc(PoolStatus status) {
  status.crc = 0;
  return crc32c(0, &status, sizeof status);
}

uint64_t monotonic_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

std::unique_ptr<StatusFile> StatusFile::create(const std::string &directory) {
  std::error_code error;
  const std::string path = std::filesystem::absolute(directory, error).string() + "/status";
  // Removed and made anew: neither a link to somewhere else nor a reader's old file is written to.
  unlink(path.c_str());
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  struct stat info;
  if (fd < 0 || fstat(fd, &info) != 0)
    return nullptr;
  std::unique_ptr<StatusFile> file(new StatusFile(path, fd));
  file->device_ = info.st_dev;
  file->inode_ = info.st_ino;
  return file;
}

bool StatusFile::is_open() const {
  struct stat info;
  return fd_ >= 0 && fstat(fd_, &info) == 0 && info.st_dev == device_ && info.st_ino == inode_;
}

StatusFile::~StatusFile() {
  if (!is_open())
    return;
  ::close(fd_);
  unlink(path_.c_str());
}

void StatusFile::abandon() {
  if (is_open())
    ::close(fd_);
  fd_ = -1;
}

void StatusFile::write(PoolStatus &status) const {
  status.magic = kStatusMagic;
  status.version = kStatusVersion;
  status.pid = static_cast<uint64_t>(getpid());
  status.now_ns = monotonic_ns();
  status.crc = status_crc(status);
  if (is_open())
    (void)!pwrite(fd_, &status, sizeof status, 0);
}

static Status validate(const PoolStatus &status, const std::string &path) {
  if (status.magic != kStatusMagic)
    return Status::error(path + " is not a status file");
  if (status.crc != status_crc(status))
    return Status::error(path + " is damaged (checksum)");
  if (status.version != kStatusVersion ||
      !std::ranges::all_of(status.reserved, [](uint8_t byte) { return byte == 0; }))
    return Status::error(path + " was written by another version of perdure; use that one");
  return Status::ok();
}

Result<PoolStatus> read_status(const std::string &directory) {
  constexpr int kAttempts = 10; // the writer may be at it
  const std::string path = directory + "/status";
  Status problem;
  for (int i = 0; i < kAttempts; ++i) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
      return system_error("open", path, errno);
    PoolStatus status;
    const ssize_t got = pread(fd, &status, sizeof status, 0);
    const int error = errno;
    ::close(fd);
    if (got < 0)
      return system_error("read", path, error);
    problem = got == sizeof status ? validate(status, path)
                                   : Status::error(path + " is not a status file");
    if (problem)
      return status;
    usleep(1000);
  }
  return problem;
}

} // namespace perdure
