// SPDX-License-Identifier: Apache-2.0
//
// Applies epochs to the image file in recovery, through a shared mapping: no sorting, no copies,
// and a page that many epochs write costs one fault. Pages are faulted in by MADV_POPULATE_WRITE,
// which returns an error where a store would raise SIGBUS (full disk, failing device). Where that
// cannot be (kernels before 5.14) image_writer does the work.
#pragma once

#include "image_writer.h"
#include <cstdlib>
#include <memory>

namespace perdure {

class MappedReplay {
public:
  // REQUIRES: IMAGE has its final size: past it only zeros are applied.
  MappedReplay(StableFile &image, uint64_t limit);
  ~MappedReplay();
  MappedReplay(const MappedReplay &) = delete;
  MappedReplay &operator=(const MappedReplay &) = delete;

  // Applies one epoch; pending until the image is persisted. REQUIRES: PAYLOAD is sound.
  Status apply(std::span<const std::byte> payload);

private:
  Status populate(std::span<const std::byte> payload);
  Status populate_run(uint64_t begin, uint64_t end);
  bool clip(ImageRange &range) const;

  StableFile &image_;
  const uint64_t limit_;
  const uint64_t size_;
  std::byte *base_ = nullptr; // null: not mapped
  struct Free {
    void operator()(uint64_t *words) const { std::free(words); }
  };
  std::unique_ptr<uint64_t, Free> populated_; // a bit per page; calloc clears it on demand
};

} // namespace perdure
