// SPDX-License-Identifier: Apache-2.0
//
// The pool's lock; see pool_lock.h. Record locks do not exclude the process that holds them, and
// closing any descriptor of the file drops them, so this process's own pools are kept in a list
// that is looked up before the lock file is opened.
#include "pool_lock.h"
#include "persist.h"
#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <mutex>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace perdure {
namespace {

struct Held {
  dev_t device;
  ino_t inode;
  pid_t owner; // a forked child sees its parent's entries and holds nothing
};

std::mutex held_mutex;
std::vector<Held> &held_locks() {
  static auto *locks = new std::vector<Held>; // pools may be closed by static destructors
  return *locks;
}

bool is_held(dev_t device, ino_t inode) {
  return std::ranges::any_of(held_locks(), [&](const Held &held) {
    return held.device == device && held.inode == inode && held.owner == getpid();
  });
}

struct flock whole_file(short type) {
  struct flock range = {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  return range;
}

Status in_use(const std::string &directory, pid_t holder) {
  return Status::error(directory + " is in use by " +
                       (holder > 0 ? "process " + std::to_string(holder)
                                   : std::string("a process of another container")) +
                       "; stop it first");
}

} // namespace

Result<std::unique_ptr<PoolLock>> PoolLock::acquire(const std::string &directory) {
  const std::string path = directory + "/lock";
  std::lock_guard guard(held_mutex);
  struct stat info;
  if (stat(path.c_str(), &info) == 0 && is_held(info.st_dev, info.st_ino))
    return in_use(directory, getpid());
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return system_error("open", path, errno);
  struct flock range = whole_file(F_WRLCK);
  if (fcntl(fd, F_SETLK, &range) != 0) {
    const int error = errno;
    pid_t holder = 0;
    if (fcntl(fd, F_GETLK, &range) == 0 && range.l_type != F_UNLCK)
      holder = range.l_pid;
    ::close(fd);
    return error == EACCES || error == EAGAIN ? in_use(directory, holder)
                                              : system_error("lock", path, error);
  }
  if (fstat(fd, &info) != 0) {
    const int error = errno;
    ::close(fd);
    return system_error("examine", path, error);
  }
  held_locks().push_back({info.st_dev, info.st_ino, getpid()});
  return std::unique_ptr<PoolLock>(new PoolLock(fd, info.st_dev, info.st_ino));
}

pid_t PoolLock::holder(const std::string &directory) {
  const std::string path = directory + "/lock";
  std::lock_guard guard(held_mutex);
  struct stat info;
  if (stat(path.c_str(), &info) != 0)
    return 0;
  if (is_held(info.st_dev, info.st_ino))
    return getpid();
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return 0;
  struct flock range = whole_file(F_WRLCK);
  const bool locked = fcntl(fd, F_GETLK, &range) == 0 && range.l_type != F_UNLCK;
  ::close(fd);
  return locked ? (range.l_pid > 0 ? range.l_pid : -1) : 0;
}

void PoolLock::abandon(std::unique_ptr<PoolLock> lock) {
  if (PoolLock *forgotten = lock.release())
    ::close(forgotten->fd_);
}

PoolLock::~PoolLock() {
  std::lock_guard guard(held_mutex);
  std::erase_if(held_locks(),
                [&](const Held &held) { return held.device == device_ && held.inode == inode_; });
  ::close(fd_);
}

} // namespace perdure
