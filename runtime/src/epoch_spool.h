// SPDX-License-Identifier: Apache-2.0
//
// Epochs that wait on disk, in order, to be applied to an image that is still being copied. An
// unnamed file: it goes when its user does. Private to one process: native words, no checksums.
#pragma once

#include "persist.h"
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace perdure {

class EpochSpool {
public:
  // LIMIT: bytes of the image; an epoch with a range past it is unsound.
  static Result<std::unique_ptr<EpochSpool>> open(const std::string &directory, uint64_t limit);
  ~EpochSpool();
  EpochSpool(const EpochSpool &) = delete;
  EpochSpool &operator=(const EpochSpool &) = delete;

  // Errors: disk full; an unsound payload.
  Status append(std::span<const std::byte> payload);
  // Applies all of them to IMAGE, pending until it is persisted. REQUIRES: IMAGE has its final
  // size.
  Status apply_to(StableFile &image) const;
  void clear();

  uint64_t epochs() const { return sizes_.size(); }
  uint64_t bytes() const { return bytes_; }
  // Past the last byte that an epoch sets to something.
  uint64_t high_water() const { return high_water_; }

private:
  EpochSpool(std::string directory, int fd, uint64_t limit)
      : directory_(std::move(directory)), fd_(fd), limit_(limit) {}

  const std::string directory_;
  const int fd_;
  const uint64_t limit_;
  std::vector<uint64_t> sizes_; // of the payloads, one behind the other in the file
  uint64_t bytes_ = 0;
  uint64_t high_water_ = 0;
};

} // namespace perdure
