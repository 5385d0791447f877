// SPDX-License-Identifier: Apache-2.0
//
// See metadata_view.h.
#include "metadata_view.h"
#include "heap_layout.h"
#include <algorithm>
#include <cerrno>
#include <sys/mman.h>

namespace perdure {

MetadataView::~MetadataView() {
  if (base_)
    munmap(base_, kMetadataEnd);
}

Status MetadataView::map(const StableFile &image, uint64_t bytes) {
  void *memory = mmap(nullptr, kMetadataEnd, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    return system_error("map", image.path(), errno);
  base_ = static_cast<std::byte *>(memory);
  bytes = std::min(bytes, kMetadataEnd);
  if (bytes != 0 && mmap(base_, bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, image.fd(), 0) == MAP_FAILED)
    return system_error("map", image.path(), errno);
  return Status::ok();
}

void MetadataView::apply(const ImageRange &range) {
  if (range.offset >= kMetadataEnd)
    return;
  const uint64_t length = std::min(range.length, kMetadataEnd - range.offset);
  if (range.fill)
    std::memset(base_ + range.offset, static_cast<int>(*range.data), length);
  else
    std::memcpy(base_ + range.offset, range.data, length);
}

} // namespace perdure
