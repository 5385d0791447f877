// SPDX-License-Identifier: Apache-2.0
//
// A sound image in memory, shown through a private mapping that a script may damage: reset() makes
// it sound again at the cost of the pages touched. Behind its end lies memory that nobody may
// touch.
#pragma once

#include "heap.h"
#include "heap_format.h"
#include "memory_file.h"
#include "script.h"

namespace perdure::fuzz {

class HostileImage {
public:
  // BUILD writes the sound contents, at any base.
  HostileImage(uint32_t segments, void (*build)(std::byte *base, uint64_t bytes))
      : bytes_(kHeapOffset + segments * kSegmentSize), file_("image") {
    file_.resize(bytes_);
    reservation_ = map(nullptr, bytes_ + 2 * kSegmentSize, PROT_NONE, MAP_ANONYMOUS, -1);
    const auto address = reinterpret_cast<uintptr_t>(reservation_) + kSegmentSize - 1;
    base_ = reinterpret_cast<std::byte *>(address / kSegmentSize * kSegmentSize);
    map(base_, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file_.fd());
    build(base_, bytes_);
    map(base_, bytes_, PROT_READ | PROT_WRITE, MAP_FIXED, file_.fd());
  }
  HostileImage(const HostileImage &) = delete;

  std::byte *base() const { return base_; }
  uint64_t bytes() const { return bytes_; }
  void reset() { demand(madvise(base_, bytes_, MADV_DONTNEED) == 0, "cannot reset the image"); }
  void apply(const Patch &patch) {
    std::memcpy(base_ + patch.offset, patch.bytes.data(), patch.bytes.size());
  }

private:
  static void *map(void *at, uint64_t size, int protection, int flags, int fd) {
    if (!(flags & MAP_SHARED))
      flags |= MAP_PRIVATE;
    void *memory = mmap(at, size, protection, flags | MAP_NORESERVE, fd, 0);
    demand(memory != MAP_FAILED, "cannot map an image");
    return memory;
  }

  const uint64_t bytes_;
  MemoryFile file_;
  void *reservation_;
  std::byte *base_;
};

} // namespace perdure::fuzz
