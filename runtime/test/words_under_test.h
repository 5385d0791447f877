// SPDX-License-Identifier: Apache-2.0
//
// Some words of persistent memory, stored to as instrumented code does: for tests of the epoch
// layer.
#pragma once

#include "check.h"
#include "heap_layout.h"
#include "mutator.h"
#include <sys/mman.h>

namespace perdure {

class WordsUnderTest {
public:
  static constexpr uint64_t kCount = 1 << 16;

  void map() {
    void *at = reinterpret_cast<void *>(kBase + kHeapOffset);
    words_ =
        static_cast<uint64_t *>(mmap(at, kCount * 8, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
    PERDURE_CHECK(words_ == at, "the words' addresses are taken");
  }
  void unmap() { munmap(words_, kCount * 8); }
  uint64_t &operator[](size_t index) { return words_[index]; }

  // A store and its hook (perdure/abi.h).
  void store(size_t index, uint64_t value, uint32_t lane = PERDURE_LANE_PERSISTENT) {
    words_[index] = value;
    note(index, 8, lane);
  }
  void note(size_t index, uint64_t bytes, uint32_t lane = PERDURE_LANE_PERSISTENT) {
    Mutator &mutator = Mutator::current();
    uint64_t *cursor = &perdure_thread.next[lane];
    uint64_t slot;
    while (!((slot = std::atomic_ref<uint64_t>(*cursor).fetch_add(8)) & PERDURE_CHUNK_FIRST_MASK))
      mutator.set(lane).extend(cursor);
    std::atomic_ref<uint64_t>(*reinterpret_cast<uint64_t *>(slot))
        .store(reinterpret_cast<uint64_t>(&words_[index]) << 16 | bytes, std::memory_order_release);
  }

private:
  uint64_t *words_ = nullptr;
};

} // namespace perdure
