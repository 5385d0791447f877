// SPDX-License-Identifier: Apache-2.0
//
// Writing and reading a pool's file `status` (status_format.h). The writer never fails anybody: a
// directory that takes no file, or a full disk, only means that there is nothing to watch.
#pragma once

#include "status.h"
#include "status_format.h"
#include <memory>
#include <string>

namespace perdure {

class StatusFile {
public:
  // A new file in the pool's DIRECTORY; what an earlier run left is removed. Null if it can't be.
  // REQUIRES: the pool's lock is held.
  static std::unique_ptr<StatusFile> create(const std::string &directory);
  ~StatusFile(); // removes it
  StatusFile(const StatusFile &) = delete;
  StatusFile &operator=(const StatusFile &) = delete;

  // Completes STATUS with magic, version, process, time and checksum, and writes it.
  void write(PoolStatus &status) const;
  // In a forked child: the file is the parent's.
  void abandon();

private:
  StatusFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  bool is_open() const; // and not another file: a daemon may close what it does not know

  const std::string path_; // absolute
  int fd_;
  uint64_t device_ = 0, inode_ = 0;
};

// What was last written. Errors: there is none, or nothing that can be trusted, whatever its bytes.
Result<PoolStatus> read_status(const std::string &directory);

uint64_t monotonic_ns();

} // namespace perdure
