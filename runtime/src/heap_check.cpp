// SPDX-License-Identifier: Apache-2.0
//
// The checks, outside in: header, segment table, descriptors, bitmaps and reserved bytes.
#include "heap_check.h"
#include "size_class.h"
#include <cstring>

namespace perdure {

namespace {

Status unsound(const std::string &what) {
  return Status::error("heap metadata is damaged: " + what + "; restore the pool from a backup");
}

std::string name(uint32_t segment) { return "segment " + std::to_string(segment); }
std::string name(uint32_t segment, uint32_t unit) {
  return name(segment) + " unit " + std::to_string(unit);
}

bool all_zero(const uint64_t *words, size_t count) {
  return count == 0 ||
         (words[0] == 0 && std::memcmp(words, words + 1, (count - 1) * sizeof *words) == 0);
}

// One run of units; *UNIT moves past it.
Status check_run(const HeapImage &image, uint32_t segment, uint32_t *unit) {
  UnitDescriptor first = image.descriptor(segment, *unit);
  auto bad = [&](const std::string &what) { return unsound(name(segment, *unit) + what); };
  if (first.kind == UnitKind::kFree) {
    if (to_word(first) != 0)
      return bad(" is free but its descriptor is not zero");
    ++*unit;
    return Status::ok();
  }
  if (first.kind == UnitKind::kTail)
    return bad(" continues a run that does not reach it");
  if (first.kind != UnitKind::kSlab && first.kind != UnitKind::kExtent)
    return bad(" is of unknown kind " + std::to_string(int(first.kind)));
  if (first.reserved != 0 || first.distance != 0)
    return bad(" has reserved bytes that are not zero");
  if (first.units == 0 || first.units > kUnitsPerSegment - *unit)
    return bad(" starts a run that leaves the segment");
  if (first.kind == UnitKind::kSlab && first.size_class >= kSizeClassCount)
    return bad(" is a slab of unknown size class " + std::to_string(first.size_class));
  if (first.kind == UnitKind::kSlab && first.units != kSizeClasses[first.size_class].units)
    return bad(" is a slab of a length that is not its class's");
  if (first.kind == UnitKind::kExtent && first.size_class != 0)
    return bad(" is an extent with a size class");
  for (uint32_t i = 1; i < first.units; ++i)
    if (image.descriptor(segment, *unit + i).kind != UnitKind::kTail ||
        to_word(image.descriptor(segment, *unit + i)) !=
            to_word(UnitDescriptor{UnitKind::kTail, 0, 0, static_cast<uint8_t>(i), 0}))
      return unsound(name(segment, *unit + i) + " should continue the run at unit " +
                     std::to_string(*unit) + " but does not");
  *unit += first.units;
  return Status::ok();
}

Status check_units(const HeapImage &image, uint32_t segment) {
  const SegmentHeader &header = image.segment_header(segment);
  if (header.magic != kSegmentMagic)
    return unsound(name(segment) + " has no segment header");
  if (header.index != segment)
    return unsound(name(segment) + " holds the header of segment " + std::to_string(header.index));
  if (image.entry(segment).value != 0)
    return unsound(name(segment) + " is divided into units but its table entry has a value");
  if (to_word(image.descriptor(segment, 0)) !=
      to_word(UnitDescriptor{UnitKind::kHeader, 0, 0, 0, 0}))
    return unsound(name(segment, 0) + " is not described as the header");
  for (uint32_t unit = 1; unit < kUnitsPerSegment;)
    if (Status status = check_run(image, segment, &unit); !status)
      return status;
  return Status::ok();
}

// One large extent; *SEGMENT moves past it.
Status check_large(const HeapImage &image, uint32_t *segment) {
  uint64_t bytes = image.entry(*segment).value * kPageSize;
  uint64_t count = (bytes + kSegmentSize - 1) / kSegmentSize;
  if (count == 0 || count > image.header().frontier - *segment)
    return unsound(name(*segment) + " starts a large extent that leaves the heap");
  for (uint32_t i = 1; i < count; ++i) {
    SegmentEntry entry = image.entry(*segment + i);
    if (entry.kind != SegmentKind::kLargeTail || entry.value != i)
      return unsound(name(*segment + i) + " should continue the large extent at segment " +
                     std::to_string(*segment) + " but does not");
  }
  *segment += static_cast<uint32_t>(count);
  return Status::ok();
}

Status check_entry(const HeapImage &image, uint32_t *segment) {
  SegmentEntry entry = image.entry(*segment);
  switch (entry.kind) {
  case SegmentKind::kFree:
    if (to_word(entry) != 0)
      return unsound(name(*segment) + " is free but its table entry is not zero");
    ++*segment;
    return Status::ok();
  case SegmentKind::kUnits:
    return check_units(image, (*segment)++);
  case SegmentKind::kLarge:
    return check_large(image, segment);
  case SegmentKind::kLargeTail:
    return unsound(name(*segment) + " continues a large extent that does not reach it");
  }
  return unsound(name(*segment) + " is of unknown kind " + std::to_string(int(entry.kind)));
}

Status check_past_frontier(const HeapImage &image) {
  auto segment = static_cast<uint32_t>(image.header().frontier);
  if (all_zero(&image.entry_word(segment), kSegmentCountMax - segment))
    return Status::ok();
  while (to_word(image.entry(segment)) == 0)
    ++segment;
  return unsound(name(segment) + " lies past the frontier but is not free");
}

// Bits may be set only for blocks of a slab: a new slab's bitmap is taken as it is.
Status check_bitmap(const HeapImage &image, uint32_t segment, uint32_t unit) {
  UnitDescriptor first = image.descriptor(segment, unit);
  for (uint32_t word = 0; word < kBitmapWords; ++word) {
    uint64_t allowed = 0;
    if (first.kind == UnitKind::kSlab && word < bitmap_words(kSizeClasses[first.size_class]))
      allowed = bitmap_mask(kSizeClasses[first.size_class], word);
    if (image.segment_header(segment).bitmaps[unit][word] & ~allowed)
      return unsound(name(segment, unit) + " has bitmap bits set where there is no block");
  }
  return Status::ok();
}

} // namespace

Status check_header(const HeapImage &image) {
  const HeapHeader &header = image.header();
  if (header.magic != kHeapMagic)
    return unsound("the heap header has no magic number");
  if (header.version != kHeapVersion)
    return Status::error("heap metadata is of version " + std::to_string(header.version) +
                         ", this build knows version " + std::to_string(kHeapVersion) +
                         ": use the perdure build that wrote the pool");
  if (header.frontier > image.segment_count())
    return unsound("the segment frontier lies past the end of the image");
  return Status::ok();
}

Status check_segments(const HeapImage &image) {
  for (uint32_t segment = 0; segment < image.header().frontier;)
    if (Status status = check_entry(image, &segment); !status)
      return status;
  return check_past_frontier(image);
}

Status check_details(const HeapImage &image) {
  const HeapHeader &header = image.header();
  if (header.reserved0 != 0 || !all_zero(header.reserved, std::size(header.reserved)))
    return unsound("the heap header has reserved bytes that are not zero");
  for (uint32_t segment = 0; segment < header.frontier; ++segment) {
    SegmentEntry entry = image.entry(segment);
    if (entry.reserved[0] || entry.reserved[1] || entry.reserved[2])
      return unsound(name(segment) + " has reserved bytes in its table entry that are not zero");
    if (entry.kind != SegmentKind::kUnits)
      continue;
    const SegmentHeader &units = image.segment_header(segment);
    if (!all_zero(units.reserved0, std::size(units.reserved0)) ||
        !all_zero(units.reserved1, std::size(units.reserved1)))
      return unsound(name(segment) + " has reserved header bytes that are not zero");
    for (uint32_t unit = 0; unit < kUnitsPerSegment; ++unit)
      if (Status status = check_bitmap(image, segment, unit); !status)
        return status;
  }
  return Status::ok();
}

} // namespace perdure
