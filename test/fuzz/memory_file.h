// SPDX-License-Identifier: Apache-2.0
//
// A sparse file in memory, for what must have a descriptor to be mapped: a pool's image.
#pragma once

#include "persist.h"
#include "verdict.h"
#include <sys/mman.h>
#include <unistd.h>

namespace perdure::fuzz {

class MemoryFile {
public:
  explicit MemoryFile(const char *name) : fd_(memfd_create(name, 0)) {
    demand(fd_ >= 0, "no file in memory");
  }
  ~MemoryFile() { close(fd_); }
  MemoryFile(const MemoryFile &) = delete;

  int fd() const { return fd_; }
  void resize(uint64_t size) {
    demand(ftruncate(fd_, static_cast<off_t>(size)) == 0, "cannot resize a file in memory");
  }
  std::unique_ptr<StableFile> open() const {
    auto file = open_buffered("/proc/self/fd/" + std::to_string(fd_), Access::kReadWrite);
    demand(file.is_ok(), "cannot open a file in memory");
    return std::move(*file);
  }

private:
  const int fd_;
};

} // namespace perdure::fuzz
