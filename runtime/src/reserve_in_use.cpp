// SPDX-License-Identifier: Apache-2.0
//
// See reserve_in_use.h.
#include "reserve_in_use.h"
#include "heap_image.h"
#include "root_table.h"

namespace perdure {
namespace {

Status reserve_segments(const ReserveRange &reserve, const HeapImage &heap) {
  const uint64_t frontier = std::min<uint64_t>(heap.header().frontier, heap.segment_count());
  for (uint32_t segment = 0; segment < frontier; ++segment) {
    const SegmentEntry entry = heap.entry(segment);
    uint64_t bytes = 0;
    if (entry.kind == SegmentKind::kUnits)
      bytes = kSegmentSize;
    if (entry.kind == SegmentKind::kLarge)
      bytes = std::min(entry.value * kPageSize, (heap.segment_count() - segment) * kSegmentSize);
    if (bytes != 0)
      if (Status status = reserve(kHeapOffset + segment * kSegmentSize, bytes); !status)
        return status;
  }
  return Status::ok();
}

} // namespace

Status reserve_in_use(const ReserveRange &reserve, std::byte *metadata, uint64_t limit) {
  if (Status status = reserve(0, kMetadataEnd); !status)
    return status;
  const HeapImage heap(metadata, kReadOnlyHost, limit);
  if (heap.header().magic != kHeapMagic)
    return Status::ok(); // nothing was stored yet
  const RootTable roots(metadata, kReadOnlyHost);
  if (Status status = roots.check(); !status)
    return status;
  for (size_t i = 0; i < roots.count(); ++i)
    if (Status status = reserve(roots.at(i).offset, roots.at(i).size); !status)
      return status;
  return reserve_segments(reserve, heap);
}

} // namespace perdure
