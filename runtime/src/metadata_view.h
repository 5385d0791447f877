// SPDX-License-Identifier: Apache-2.0
//
// The pool's metadata (heap header to type table) as recovery will leave it, before recovery has
// changed anything: a private mapping of the image's start to which the log's epochs are applied.
// With it a pool that does not fit the program is refused untouched.
#pragma once

#include "epoch_payload.h"
#include "persist.h"

namespace perdure {

class MetadataView {
public:
  MetadataView() = default;
  ~MetadataView();
  MetadataView(const MetadataView &) = delete;
  MetadataView &operator=(const MetadataView &) = delete;

  // BYTES: of the image file.
  Status map(const StableFile &image, uint64_t bytes);
  void apply(const ImageRange &range); // what of it is metadata
  // Image offset 0. REQUIRES: map() succeeded
  std::byte *base() const { return base_; }

private:
  std::byte *base_ = nullptr;
};

} // namespace perdure
