// SPDX-License-Identifier: Apache-2.0
//
// Slabs: where they come from and go to; see slab.h.
#include "slab.h"

namespace perdure {

bool SlabSet::is_empty(SlabId id, uint32_t class_index) const {
  uint64_t *bitmap = bitmap_of(id);
  for (uint32_t word = 0; word < bitmap_words(kSizeClasses[class_index]); ++word)
    if (word_ref(bitmap[word]).load(std::memory_order_seq_cst) != 0)
      return false;
  return true;
}

bool SlabSet::has_free(SlabId id, uint32_t class_index) const {
  const SizeClass &size_class = kSizeClasses[class_index];
  uint64_t *bitmap = bitmap_of(id);
  for (uint32_t word = 0; word < bitmap_words(size_class); ++word)
    if (~word_ref(bitmap[word]).load(std::memory_order_seq_cst) & bitmap_mask(size_class, word))
      return true;
  return false;
}

void SlabSet::push(SlabId id, uint32_t class_index) {
  SlabId &head = partial_[class_index];
  SlabState &slab = state_.slab(id);
  slab.next = head;
  slab.previous = kNoSlab;
  if (head != kNoSlab)
    state_.slab(head).previous = id;
  head = id;
}

void SlabSet::unlink(SlabId id, uint32_t class_index) {
  SlabState &slab = state_.slab(id);
  if (slab.next != kNoSlab)
    state_.slab(slab.next).previous = slab.previous;
  if (slab.previous != kNoSlab)
    state_.slab(slab.previous).next = slab.next;
  else
    partial_[class_index] = slab.next;
}

void SlabSet::attach_slab(SlabId id, uint32_t class_index) {
  state_.slab(id).phase = SlabPhase::kPartial;
  push(id, class_index);
}

SlabId SlabSet::make_slab(uint32_t class_index) {
  UnitDescriptor first = {UnitKind::kSlab, static_cast<uint8_t>(class_index),
                          static_cast<uint8_t>(kSizeClasses[class_index].units), 0, 0};
  UnitRun run;
  if (!extents_.take(first, 1, &run))
    return kNoSlab;
  return run.segment * kUnitsPerSegment + run.unit;
}

void SlabSet::adopt(ActiveSlab &active, SlabId id) {
  state_.slab(id).phase = SlabPhase::kOwned;
  active = {bitmap_of(id), image_.unit(id / kUnitsPerSegment, id % kUnitsPerSegment), id, 0};
}

// Gives up a slab that looked full, unless a block has been freed in it since.
void SlabSet::retire(ActiveSlab &active, uint32_t class_index) {
  SlabState &slab = state_.slab(active.id);
  slab.phase.store(SlabPhase::kFull, std::memory_order_seq_cst);
  if (has_free(active.id, class_index))
    slab.phase.store(SlabPhase::kOwned, std::memory_order_seq_cst);
  else
    active = {};
}

void *SlabSet::allocate_slow(ActiveSlab &active, uint32_t class_index) {
  for (;;) {
    if (active.bitmap) {
      if (void *block = claim_block(active, class_index))
        return block;
      retire(active, class_index);
      if (active.bitmap)
        continue;
    }
    SlabId id = partial_[class_index];
    if (id != kNoSlab)
      unlink(id, class_index);
    else
      id = make_slab(class_index);
    if (id == kNoSlab)
      return nullptr;
    adopt(active, id);
  }
}

// Decides by what holds now, not by what the caller saw: meanwhile the slab may have been adopted,
// given back, or be another slab.
void SlabSet::settle(SlabId id) {
  SlabState &slab = state_.slab(id);
  if (slab.phase != SlabPhase::kFull && slab.phase != SlabPhase::kPartial)
    return;
  uint32_t class_index = class_of(id);
  if (slab.phase == SlabPhase::kFull && has_free(id, class_index)) {
    slab.phase.store(SlabPhase::kPartial, std::memory_order_seq_cst);
    push(id, class_index);
  }
  if (slab.phase == SlabPhase::kPartial && is_empty(id, class_index)) {
    unlink(id, class_index);
    slab.phase = SlabPhase::kNone;
    extents_.release({id / kUnitsPerSegment, id % kUnitsPerSegment});
  }
}

void SlabSet::drop(ActiveSlab &active) {
  if (!active.bitmap)
    return;
  SlabId id = active.id;
  active = {};
  state_.slab(id).phase.store(SlabPhase::kFull, std::memory_order_seq_cst);
  settle(id);
}

void SlabSet::release_empty() {
  for (SlabId head : partial_)
    for (SlabId id = head; id != kNoSlab;) {
      SlabId next = state_.slab(id).next;
      settle(id);
      id = next;
    }
}

} // namespace perdure
