// SPDX-License-Identifier: Apache-2.0
//
// Small blocks: slabs of one size class, their bitmaps the only durable state. A cache owns at most
// one slab per class and alone sets bits in it; any thread clears them. A slab without an owner is
// in its class's list (partial), or in none (full) until a free brings it back; one that empties is
// given back at once. A free takes the lock only when it changes a slab's phase.
#pragma once

#include "extent.h"
#include "kept_blocks.h"
#include "size_class.h"

namespace perdure {

inline constexpr char kFreedTwice[] = "free() of a block that is not live: freed twice, or never "
                                      "allocated; look for the free() of it before this one";

struct ActiveSlab {
  uint64_t *bitmap; // null: none
  std::byte *blocks;
  SlabId id;
  uint32_t word; // where to look first
};

// A thread's slabs; one more, guarded by the heap's lock, is shared and serves the larger classes.
struct HeapCache {
  ActiveSlab active[kSizeClassCount];
  KeptBlocks kept;
  const void *thread; // identity of the thread that uses it; null: nobody
  HeapCache *next;
};

class SlabSet {
public:
  SlabSet(const HeapImage &image, ExtentMap &extents, HeapState &state)
      : image_(image), extents_(extents), state_(state) {}

  // Takes up the slab at ID of an earlier run. Its bitmap is not read until it is needed.
  void attach_slab(SlabId id, uint32_t class_index);

  // A block from the cache's slab, without a lock; null if that is full or there is none.
  void *allocate(ActiveSlab &active, uint32_t class_index) {
    return active.bitmap ? claim_block(active, class_index) : nullptr;
  }
  // The same after finding a slab with room. Null: no space. REQUIRES: the lock.
  void *allocate_slow(ActiveSlab &active, uint32_t class_index);

  // Clears the block's bit. True: the slab's phase may have to change, call settle.
  bool free(SlabId id, uint32_t class_index, uint32_t block) {
    uint32_t word = block / 64;
    uint64_t bit = 1ull << block % 64;
    uint64_t *bitmap = bitmap_of(id);
    uint64_t before = word_ref(bitmap[word]).fetch_and(~bit, std::memory_order_seq_cst);
    PERDURE_CHECK(before & bit, kFreedTwice);
    image_.record(&bitmap[word], sizeof(uint64_t));
    // Pairs with retire(): the phase is read after the bit is clear, there it is written before the
    // bits are read, so that one of the two sees the other.
    SlabPhase phase = state_.slab(id).phase.load(std::memory_order_seq_cst);
    return phase == SlabPhase::kFull ||
           (phase == SlabPhase::kPartial && before == bit && is_empty(id, class_index));
  }
  // Puts a slab nobody owns where it belongs now. REQUIRES: the lock.
  void settle(SlabId id);

  // Gives up the cache's slab. REQUIRES: the lock; the cache's thread allocates no more.
  void drop(ActiveSlab &active);
  // Gives back listed slabs in which nothing lives. REQUIRES: the lock.
  void release_empty();

  // Whether the slab has room that nobody will find. Only while nothing is freed.
  bool is_lost(SlabId id) const {
    return state_.slab(id).phase == SlabPhase::kFull && has_free(id, class_of(id));
  }

  uint64_t *bitmap_of(SlabId id) const {
    return image_.segment_header(id / kUnitsPerSegment).bitmaps[id % kUnitsPerSegment];
  }

private:
  // Only the owner sets bits, so a bit seen clear stays clear until it is set here.
  void *claim_block(ActiveSlab &active, uint32_t class_index) {
    const SizeClass &size_class = kSizeClasses[class_index];
    uint32_t words = bitmap_words(size_class);
    uint32_t word = active.word;
    for (uint32_t i = 0; i < words; ++i, word = word + 1 == words ? 0 : word + 1) {
      uint64_t free_bits = ~word_ref(active.bitmap[word]).load(std::memory_order_seq_cst) &
                           bitmap_mask(size_class, word);
      if (free_bits == 0)
        continue;
      uint32_t bit = static_cast<uint32_t>(std::countr_zero(free_bits));
      word_ref(active.bitmap[word]).fetch_or(1ull << bit, std::memory_order_acq_rel);
      image_.record(&active.bitmap[word], sizeof(uint64_t));
      active.word = word;
      return active.blocks + uint64_t{word * 64 + bit} * size_class.block_size;
    }
    return nullptr;
  }

  bool is_empty(SlabId id, uint32_t class_index) const;
  bool has_free(SlabId id, uint32_t class_index) const;
  uint32_t class_of(SlabId id) const {
    return image_.descriptor(id / kUnitsPerSegment, id % kUnitsPerSegment).size_class;
  }
  void retire(ActiveSlab &active, uint32_t class_index);
  void adopt(ActiveSlab &active, SlabId id);
  SlabId make_slab(uint32_t class_index);
  void push(SlabId id, uint32_t class_index);
  void unlink(SlabId id, uint32_t class_index);

  const HeapImage &image_;
  ExtentMap &extents_;
  HeapState &state_;
  SlabId partial_[kSizeClassCount] = {}; // list heads
};

} // namespace perdure
