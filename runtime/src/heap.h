// SPDX-License-Identifier: Apache-2.0
//
// The persistent heap's allocator as the layers above see it. Its metadata lies in the pool and is
// recorded in the caller's write set like any other store, so an allocation and the update that
// links it become durable together or not at all. Thread-safe. The caller holds a unit open around
// every call that allocates or frees (a cut must not see half of it).
#pragma once

#include "status.h"
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace perdure {

// What the heap asks of the layers around it.
struct HeapHost {
  void (*record)(const void *address, size_t size); // "these bytes changed"
  bool (*reserve)(uint64_t offset, uint64_t size);  // disk space for image bytes; false: none left
};

struct HeapStats {
  uint64_t used_bytes;     // in allocated blocks
  uint64_t block_count;    // allocated blocks
  uint64_t segment_bytes;  // taken from the slot
  uint64_t limit_bytes;
};

class Heap {
public:
  // BASE is where image offset 0 is mapped (PERDURE_BASE in a program, anywhere 4 MiB-aligned in tests).
  Heap(std::byte *base, HeapHost host) : base_(base), host_(host) {}

  void format(uint64_t limit_bytes);       // of a fresh pool: all metadata is zero
  Status attach(uint64_t limit_bytes);     // to what an earlier run left; checks the header

  void *allocate(size_t size);                          // 16-byte aligned; null: full
  void *allocate_aligned(size_t size, size_t alignment); // power of two, up to 1 MiB
  void free(void *block);                               // REQUIRES: a live block of this heap
  // In place if it can; else nothing changes and it returns false.
  bool resize_in_place(void *block, size_t size);
  size_t usable_size(const void *block) const;
  // The live block that ADDRESS points into, in O(1); null if none.
  void *block_of(const void *address, size_t *size) const;

  HeapStats stats() const;
  // Walks every structure; the first unsoundness found is the error.
  Status check() const;
  // Calls VISIT for every live block in address order. No allocation meanwhile.
  void for_each_block(const std::function<void(void *, size_t)> &visit) const;

  void thread_exit();                    // gives up the calling thread's segments or caches
  void lock_for_fork();
  void unlock_after_fork();

private:
  std::byte *base_;
  HeapHost host_;
};

} // namespace perdure
