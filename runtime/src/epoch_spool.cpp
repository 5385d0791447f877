// SPDX-License-Identifier: Apache-2.0
//
// See epoch_spool.h.
#include "epoch_spool.h"
#include "mapped_replay.h"
#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace perdure {

Result<std::unique_ptr<EpochSpool>> EpochSpool::open(const std::string &directory, uint64_t limit) {
  int fd = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) { // not on every file system
    const std::string path = directory + "/epochs";
    fd = ::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
      return system_error("create", path, errno);
    unlink(path.c_str());
  }
  return std::unique_ptr<EpochSpool>(new EpochSpool(directory, fd, limit));
}

EpochSpool::~EpochSpool() { ::close(fd_); }

Status EpochSpool::append(std::span<const std::byte> payload) {
  EpochPayloadReader reader(payload, limit_);
  ImageRange range;
  while (reader.next(range))
    high_water_ = std::max(high_water_, range.high_water());
  if (!reader.sound())
    return Status::error("the log holds an unsound epoch; restore the pool from a backup");
  for (uint64_t done = 0; done < payload.size();) {
    const ssize_t written = pwrite(fd_, payload.data() + done, payload.size() - done,
                                   static_cast<off_t>(bytes_ + done));
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return system_error("write to", directory_, written < 0 ? errno : EIO);
    done += static_cast<uint64_t>(written);
  }
  sizes_.push_back(payload.size());
  bytes_ += payload.size();
  return Status::ok();
}

Status EpochSpool::apply_to(StableFile &image) const {
  if (bytes_ == 0)
    return Status::ok();
  void *memory = mmap(nullptr, bytes_, PROT_READ, MAP_PRIVATE, fd_, 0);
  if (memory == MAP_FAILED)
    return system_error("map a file in", directory_, errno);
  std::span<const std::byte> rest(static_cast<const std::byte *>(memory), bytes_);
  MappedReplay replay(image, limit_);
  Status status = Status::ok();
  for (size_t i = 0; i < sizes_.size() && status; ++i) {
    status = replay.apply(rest.first(sizes_[i]));
    rest = rest.subspan(sizes_[i]);
  }
  munmap(memory, bytes_);
  return status;
}

void EpochSpool::clear() {
  sizes_.clear();
  bytes_ = high_water_ = 0;
  (void)!ftruncate(fd_, 0);
}

} // namespace perdure
