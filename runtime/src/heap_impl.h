// SPDX-License-Identifier: Apache-2.0
//
// The parts of a heap, in the order they build on each other, and its one lock. The lock guards
// everything volatile but the caches' slabs; bitmaps of owned slabs need none (slab.h).
#pragma once

#include "extent.h"
#include "heap.h"
#include "heap_lookup.h"
#include "heap_state.h"
#include "segment_table.h"
#include "slab.h"
#include <mutex>

namespace perdure {

struct Heap::Impl {
  Impl(std::byte *base, HeapHost host, uint64_t slot_bytes);
  ~Impl();

  // The calling thread's cache; made, or found again, when it last used another heap.
  HeapCache &cache();
  HeapCache *cache_if_any();
  HeapCache &find_cache();
  void give_up_cache();

  void *allocate_small(uint32_t class_index);
  void *allocate_small_slow(HeapCache &cache, uint32_t class_index);
  enum class Free { kAtOnce, kWithinUnit };
  void free(void *block, Free how);
  void release_kept(HeapCache &from, void (*freed)(void *block, size_t size) = nullptr);
  void *allocate_units(uint64_t units, uint32_t align_units);
  void *allocate_large(uint64_t size);
  // Gives back what is held empty in reserve: before an allocation fails.
  void release_empty();
  // Whether the volatile state agrees with the pool.
  Status check_state() const;

  const uint64_t id; // never used twice, unlike the address
  HeapImage image;
  HeapState state;
  SegmentTable segments;
  ExtentMap extents;
  SlabSet slabs;
  mutable std::mutex lock;
  HeapCache shared = {}; // under the lock
  HeapCache *caches = nullptr;
  bool attached = false;
};

} // namespace perdure
