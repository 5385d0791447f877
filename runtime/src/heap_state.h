// SPDX-License-Identifier: Apache-2.0
//
// What the heap knows about each segment and slab outside the pool: an array indexed by segment, in
// address space that costs nothing until it is touched. Slab states live at a fixed address for
// good, so a thread late on its way out of free() may look at one whatever became of the slab.
#pragma once

#include "check.h"
#include "heap_format.h"
#include <atomic>
#include <cstdlib>
#include <new>
#include <sys/mman.h>

namespace perdure {

// Memory of libc for the heap's own containers: operator new may be the program's and lead back
// here.
template <typename T> struct LibcAllocator {
  using value_type = T;
  LibcAllocator() = default;
  template <typename U> LibcAllocator(const LibcAllocator<U> &) {}
  T *allocate(size_t count) {
    void *memory = std::malloc(count * sizeof(T));
    if (!memory)
      end_without_memory("the heap's volatile state");
    return static_cast<T *>(memory);
  }
  void deallocate(T *memory, size_t) { std::free(memory); }
  bool operator==(const LibcAllocator &) const = default;
};

// A slab's id: its segment * 64 + its first unit. 0 is never a slab (unit 0 holds the header).
using SlabId = uint32_t;
inline constexpr SlabId kNoSlab = 0;

enum class SlabPhase : uint32_t {
  kNone = 0,    // no slab starts here
  kOwned = 1,   // a cache allocates from it
  kPartial = 2, // in its class's list: may have free blocks
  kFull = 3,    // in no list: no free blocks, until one is freed
};

struct SlabState {
  std::atomic<SlabPhase> phase;
  SlabId next, previous; // in the list
};

struct SegmentState {
  uint64_t free_units; // mask; unit 0 is never free
  uint32_t next, previous;
  uint32_t longest_run;
  SlabState slabs[kUnitsPerSegment];
};

class HeapState {
public:
  HeapState() {
    void *memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
      throw std::bad_alloc(); // a heap is made by who opens a pool, and can be told
    segments_ = static_cast<SegmentState *>(memory);
  }
  ~HeapState() { munmap(segments_, kBytes); }
  HeapState(const HeapState &) = delete;
  HeapState &operator=(const HeapState &) = delete;

  SegmentState &segment(uint32_t index) const { return segments_[index]; }
  SlabState &slab(SlabId id) const {
    return segments_[id / kUnitsPerSegment].slabs[id % kUnitsPerSegment];
  }

private:
  static constexpr size_t kBytes = kSegmentCountMax * sizeof(SegmentState);
  SegmentState *segments_; // zero: no free units, no slabs
};

} // namespace perdure
