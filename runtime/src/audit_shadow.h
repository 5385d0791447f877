// SPDX-License-Identifier: Apache-2.0
//
// What image and log say: a second private mapping of the image, at another address, that only
// recorded ranges change. The pages the process has written are found through /proc/self/pagemap:
// any other page of the working image is the file's own and differs in nothing.
#pragma once

#include "audit_suspects.h"
#include "status.h"
#include <cstddef>
#include <memory>

namespace perdure {

class Shadow {
public:
  // As map_working_image(). REQUIRES: nothing of this run is in the image file yet.
  static Result<std::unique_ptr<Shadow>> map(int image_fd, uint64_t image_bytes, uint64_t limit);
  ~Shadow();
  Shadow(const Shadow &) = delete;
  Shadow &operator=(const Shadow &) = delete;

  // The bytes of [begin, end) are known as memory has them now.
  void copy(uint64_t begin, uint64_t end);
  const std::byte *at(uint64_t offset) const { return base_ + offset; }
  bool holds(uint64_t address) const { return address - reinterpret_cast<uint64_t>(base_) < size_; }
  // Appends the runs of [begin, end) in which memory differs. REQUIRES: called in order.
  void differences(uint64_t begin, uint64_t end, std::vector<ByteRange> &runs) const;

private:
  Shadow(std::byte *base, uint64_t size, int pagemap)
      : base_(base), size_(size), pagemap_(pagemap) {}
  void compare(uint64_t begin, uint64_t end, std::vector<ByteRange> &runs) const;

  std::byte *const base_;
  const uint64_t size_;
  const int pagemap_; // -1: not to be had; every page is compared
};

} // namespace perdure
