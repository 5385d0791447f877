// SPDX-License-Identifier: Apache-2.0
//
// The persistent heap's allocator as the layers above see it. Its metadata lies in the pool and is
// recorded in the caller's write set like any other store, so an allocation and the update that
// links it become durable together or not at all. Thread-safe. The caller holds a unit open around
// every call that allocates or frees (a cut must not see half of it).
// Underneath: segment_table, extent, slab; the format is heap_format.h's.
#pragma once

#include "heap_layout.h"
#include "status.h"
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace perdure {

// What the heap asks of the layers around it. Neither may call the heap.
struct HeapHost {
  void (*record)(const void *address, size_t size); // "these bytes changed"
  bool (*reserve)(uint64_t offset, uint64_t size);  // disk space for image bytes; false: none left
};

// For metadata that are only looked at.
inline constexpr HeapHost kReadOnlyHost = {[](const void *, size_t) {},
                                           [](uint64_t, uint64_t) { return false; }};

struct HeapStats {
  uint64_t used_bytes;    // in allocated blocks
  uint64_t block_count;   // allocated blocks
  uint64_t segment_bytes; // taken from the slot
  uint64_t limit_bytes;
};

class Heap {
public:
  // BASE is where image offset 0 is mapped (PERDURE_BASE in a program, anywhere 4 MiB-aligned in
  // tests and tools), SLOT_BYTES how much of the address space there belongs to the image.
  Heap(std::byte *base, HeapHost host, uint64_t slot_bytes = kSlotSize);
  ~Heap(); // leaves the pool as it is
  Heap(const Heap &) = delete;
  Heap &operator=(const Heap &) = delete;

  // REQUIRES: all metadata is zero (a fresh pool). The limit is rounded up to whole segments.
  void format(uint64_t limit_bytes);
  // Takes up what an earlier run left, after checking what it relies on. Writes nothing, reads a
  // page per segment. LIMIT_BYTES 0: as formatted. Blocks past a lower limit stay.
  Status attach(uint64_t limit_bytes);

  void *allocate(size_t size); // 16-byte aligned; null: full, nothing changed
  void *allocate_aligned(size_t size, size_t alignment); // a power of two up to 4 MiB, else null
  void free(void *block); // REQUIRES: a live block of this heap; anything else aborts
  // The same, but the pool may learn of it when the thread calls release_kept(), which it does
  // before the next cut; until then its next allocation of that size gets the block.
  void free_within_unit(void *block);
  // FREED is told of each block. Async-signal-safe.
  void release_kept(void (*freed)(void *block, size_t size) = nullptr);
  // In place if it can (a block that would use less than half of its space does not stay); else
  // nothing changes and it returns false. REQUIRES: a live block
  bool resize_in_place(void *block, size_t size);
  // Exact, and the same after a restart. REQUIRES: a live block
  size_t usable_size(const void *block) const;
  // The live block that ADDRESS points into, in O(1); null if none. Any address, any time.
  void *block_of(const void *address, size_t *size) const;

  HeapStats stats() const; // reads every bitmap
  // Image offset past the segments that were ever used. REQUIRES: check() was ok
  uint64_t frontier_offset() const;
  // Walks every structure; the first unsoundness found is the error. Also without attaching, and
  // whatever the bytes are. REQUIRES: no allocation meanwhile
  Status check() const;
  // Calls VISIT for every live block in address order. No allocation meanwhile.
  void for_each_block(const std::function<void(void *, size_t)> &visit) const;

  void thread_exit(); // gives up the calling thread's slabs
  void lock_for_fork();
  void unlock_after_fork(); // in the parent and in the child

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

} // namespace perdure
