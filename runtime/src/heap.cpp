// SPDX-License-Identifier: Apache-2.0
//
// The heap's operations over its parts: which kind of block a size gets, and what happens before an
// allocation fails.
#include "heap.h"
#include "heap_check.h"
#include "heap_impl.h"
#include "heap_lookup.h"
#include "heap_walk.h"

namespace perdure {

namespace {

// Slabs of larger classes are shared by all threads: a thread's own would hold too much.
constexpr uint32_t kOwnClassCount = size_class_of(8 << 10) + 1;

uint64_t units_of(size_t size) { return size / kUnitSize + (size % kUnitSize != 0); }

// Whether a block of USABLE bytes is still the right one for SIZE: else realloc moves it.
bool worth_keeping(size_t usable, size_t size) { return usable <= 1024 || size >= usable / 2; }

} // namespace

Heap::Heap(std::byte *base, HeapHost host, uint64_t slot_bytes)
    : impl_(std::make_unique<Impl>(base, host, slot_bytes)) {}
Heap::~Heap() = default;

void Heap::format(uint64_t limit_bytes) {
  PERDURE_CHECK(!impl_->attached && impl_->image.header().magic == 0, "heap formatted twice");
  impl_->segments.format(limit_bytes);
  impl_->attached = true;
}

Status Heap::attach(uint64_t limit_bytes) {
  PERDURE_CHECK(!impl_->attached, "heap attached twice");
  const HeapImage &image = impl_->image;
  if (Status status = check_header(image); !status)
    return status;
  if (Status status = check_segments(image); !status)
    return status;
  impl_->segments.attach(limit_bytes);
  for (uint32_t segment = 0; segment < image.header().frontier; ++segment) {
    if (image.entry(segment).kind != SegmentKind::kUnits)
      continue;
    impl_->extents.attach_segment(segment);
    for (uint32_t unit = 1; unit < kUnitsPerSegment; ++unit)
      if (UnitDescriptor first = image.descriptor(segment, unit); first.kind == UnitKind::kSlab)
        impl_->slabs.attach_slab(segment * kUnitsPerSegment + unit, first.size_class);
  }
  impl_->attached = true;
  return Status::ok();
}

// No lock, two atomic operations less one: about 10 ns.
void *Heap::Impl::allocate_small(uint32_t class_index) {
  if (class_index >= kOwnClassCount)
    return allocate_small_slow(shared, class_index);
  HeapCache &own = cache();
  if (void *block = own.kept.take(class_index))
    return block;
  if (void *block = slabs.allocate(own.active[class_index], class_index)) [[likely]]
    return block;
  return allocate_small_slow(own, class_index);
}

void *Heap::Impl::allocate_small_slow(HeapCache &from, uint32_t class_index) {
  std::lock_guard guard(lock);
  if (void *block = slabs.allocate_slow(from.active[class_index], class_index))
    return block;
  release_empty();
  return slabs.allocate_slow(from.active[class_index], class_index);
}

void *Heap::Impl::allocate_units(uint64_t units, uint32_t align_units) {
  UnitDescriptor first = {UnitKind::kExtent, 0, static_cast<uint8_t>(units), 0, 0};
  std::lock_guard guard(lock);
  UnitRun run;
  if (!extents.take(first, align_units, &run)) {
    release_empty();
    if (!extents.take(first, align_units, &run))
      return nullptr;
  }
  return image.unit(run.segment, run.unit);
}

void *Heap::Impl::allocate_large(uint64_t size) {
  std::lock_guard guard(lock);
  uint32_t segment = segments.take_large(size);
  if (segment == kNoSegment) {
    release_empty();
    segment = segments.take_large(size);
  }
  return segment == kNoSegment ? nullptr : image.segment(segment);
}

void Heap::Impl::release_empty() {
  if (HeapCache *own = cache_if_any())
    release_kept(*own);
  for (ActiveSlab &active : shared.active)
    slabs.drop(active);
  slabs.release_empty();
  extents.release_empty();
}

void *Heap::allocate(size_t size) {
  if (size <= kSlabBlockMax) [[likely]]
    return impl_->allocate_small(size_class_of(size));
  uint64_t units = units_of(size);
  return units <= kExtentUnitsMax ? impl_->allocate_units(units, 1) : impl_->allocate_large(size);
}

// A slab starts at a multiple of the unit size, so its blocks are aligned as their size is.
void *Heap::allocate_aligned(size_t size, size_t alignment) {
  if (!std::has_single_bit(alignment) || alignment > kSegmentSize)
    return nullptr;
  if (alignment <= 16)
    return allocate(size);
  if (alignment <= kUnitSize && size <= kSlabBlockMax)
    for (uint32_t i = size_class_of(std::max(size, alignment)); i < kSizeClassCount; ++i)
      if (kSizeClasses[i].block_size % alignment == 0)
        return impl_->allocate_small(i);
  uint64_t units = units_of(std::max<size_t>(size, 1));
  uint64_t align_units = units_of(alignment);
  if (units <= kExtentUnitsMax && units + align_units - 1 <= kExtentUnitsMax)
    return impl_->allocate_units(units, static_cast<uint32_t>(align_units));
  return impl_->allocate_large(std::max<size_t>(size, 1));
}

void Heap::Impl::free(void *block, Free how) {
  BlockPlace place = place_of(image, block);
  PERDURE_CHECK(place.kind != BlockKind::kNone && place.start == block,
                "free() of an address that is not the start of a live block of the pool");
  if (place.kind == BlockKind::kSlab) [[likely]] {
    HeapCache *own = cache_if_any(); // making one takes memory, which a free must not need
    PERDURE_CHECK(!own || !own->kept.has(block, place.size_class), kFreedTwice);
    if (how == Free::kWithinUnit && own) {
      PERDURE_CHECK(is_live(image, place), kFreedTwice);
      if (own->kept.keep(block, place.size_class))
        return;
    }
    SlabId id = place.segment * kUnitsPerSegment + place.unit;
    if (slabs.free(id, place.size_class, place.index)) {
      std::lock_guard guard(lock);
      slabs.settle(id);
    }
    return;
  }
  std::lock_guard guard(lock);
  if (place.kind == BlockKind::kExtent)
    extents.release({place.segment, place.unit});
  else
    segments.release_large(place.segment);
}

void Heap::free(void *block) { impl_->free(block, Impl::Free::kAtOnce); }
void Heap::free_within_unit(void *block) { impl_->free(block, Impl::Free::kWithinUnit); }

// REQUIRES: the lock.
void Heap::Impl::release_kept(HeapCache &from, void (*freed)(void *block, size_t size)) {
  from.kept.drain([&](void *block) {
    const BlockPlace place = place_of(image, block);
    SlabId id = place.segment * kUnitsPerSegment + place.unit;
    if (slabs.free(id, place.size_class, place.index))
      slabs.settle(id);
    if (freed)
      freed(block, place.size);
  });
}

void Heap::release_kept(void (*freed)(void *block, size_t size)) {
  HeapCache *own = impl_->cache_if_any();
  if (!own)
    return;
  // Called by a signal handler's cut while the thread is in here: they stay for the next.
  std::unique_lock guard(impl_->lock, std::try_to_lock);
  if (guard && !own->kept.is_busy())
    impl_->release_kept(*own, freed);
}

bool Heap::resize_in_place(void *block, size_t size) {
  BlockPlace place = place_of(impl_->image, block);
  PERDURE_CHECK(place.start == block && is_live(impl_->image, place),
                "realloc() of an address that is not the start of a live block of the pool");
  if (!worth_keeping(place.size, size))
    return false;
  if (place.kind == BlockKind::kSlab)
    return size <= place.size;
  std::lock_guard guard(impl_->lock);
  if (place.kind == BlockKind::kLarge)
    return impl_->segments.resize_large(place.segment, size);
  uint64_t units = units_of(size);
  return units <= kExtentUnitsMax &&
         impl_->extents.resize({place.segment, place.unit}, static_cast<uint32_t>(units));
}

size_t Heap::usable_size(const void *block) const {
  BlockPlace place = place_of(impl_->image, block);
  PERDURE_CHECK(place.start == block && is_live(impl_->image, place),
                "size asked of an address that is not the start of a live block of the pool");
  return place.size;
}

void *Heap::block_of(const void *address, size_t *size) const {
  BlockPlace place = place_of(impl_->image, address);
  if (!is_live(impl_->image, place))
    return nullptr;
  *size = place.size;
  return place.start;
}

HeapStats Heap::stats() const {
  std::lock_guard guard(impl_->lock);
  HeapStats stats = {0, 0, impl_->segments.used_segments() * kSegmentSize,
                     impl_->segments.limit_bytes()};
  walk_blocks(impl_->image, [&](void *, size_t size) {
    stats.used_bytes += size;
    ++stats.block_count;
  });
  return stats;
}

uint64_t Heap::frontier_offset() const {
  return kHeapOffset + impl_->image.header().frontier * kSegmentSize;
}

Status Heap::check() const {
  std::lock_guard guard(impl_->lock);
  if (Status status = check_header(impl_->image); !status)
    return status;
  if (Status status = check_segments(impl_->image); !status)
    return status;
  if (Status status = check_details(impl_->image); !status)
    return status;
  return impl_->attached ? impl_->check_state() : Status::ok();
}

Status Heap::Impl::check_state() const {
  uint32_t used = 0;
  for (uint32_t segment = 0; segment < image.header().frontier; ++segment) {
    SegmentKind kind = image.entry(segment).kind;
    used += kind != SegmentKind::kFree;
    uint64_t free_units = 0;
    for (uint32_t unit = 1; unit < kUnitsPerSegment; ++unit) {
      SlabPhase phase = state.slab(segment * kUnitsPerSegment + unit).phase;
      UnitKind unit_kind =
          kind == SegmentKind::kUnits ? image.descriptor(segment, unit).kind : UnitKind::kTail;
      if ((phase != SlabPhase::kNone) != (unit_kind == UnitKind::kSlab))
        return Status::error("internal error: slab state disagrees with the pool in segment " +
                             std::to_string(segment));
      if (slabs.is_lost(segment * kUnitsPerSegment + unit))
        return Status::error("internal error: a slab with free blocks is in no list in segment " +
                             std::to_string(segment));
      free_units |= uint64_t{unit_kind == UnitKind::kFree} << unit;
    }
    if (free_units != state.segment(segment).free_units)
      return Status::error("internal error: free-unit mask disagrees with the pool in segment " +
                           std::to_string(segment));
  }
  if (used != segments.used_segments() ||
      image.header().frontier - used != segments.indexed_free_segments())
    return Status::error("internal error: free-segment index disagrees with the pool");
  return Status::ok();
}

void Heap::for_each_block(const std::function<void(void *, size_t)> &visit) const {
  walk_blocks(impl_->image, visit);
}

void Heap::thread_exit() { impl_->give_up_cache(); }
void Heap::lock_for_fork() { impl_->lock.lock(); }
void Heap::unlock_after_fork() { impl_->lock.unlock(); }

} // namespace perdure
