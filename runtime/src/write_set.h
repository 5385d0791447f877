// SPDX-License-Identifier: Apache-2.0
//
// One thread's list of ranges written since the last cut, for one lane: filled by the inline hook,
// drained by the cutter, without a lock between them. Format and hook: perdure/abi.h.
//
// Protocol. The owner (and signal handlers that interrupt it) reserves a slot with one
// fetch-and-add on the thread's cursor, then fills it. The cutter takes filled slots up to the
// first 0; a slot reserved but not yet filled, and all behind it, belong to the next cut. A full
// chunk is left for another by exchanging the cursor; the value exchanged out tells exactly how far
// it was reserved. Chunks are never unmapped, so a reader with an old pointer reads a 0 or a newer
// entry: both safe.
#pragma once

#include "perdure/abi.h"
#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

namespace perdure {

inline constexpr uint32_t kSlotsPerChunk = (PERDURE_CHUNK_SIZE - PERDURE_CHUNK_HEADER) / 8;

// An entry's range: offset from the base (the slot's number above is dropped), and bytes.
inline uint64_t entry_offset(uint64_t entry) { return entry << 8 >> 24; }
inline uint64_t entry_size(uint64_t entry) { return entry & PERDURE_RANGE_MAX; }

struct WriteSetChunk {
  WriteSetChunk *next;            // in the list of whoever holds the chunk
  std::atomic<uint32_t> reserved; // slots reserved in all, known once the owner left; else kOpen
  uint32_t taken;                 // slots the cutter has taken
  uint64_t padding[6];
  std::atomic<uint64_t> slots[kSlotsPerChunk];

  static constexpr uint32_t kOpen = ~0u;
};
static_assert(sizeof(WriteSetChunk) == PERDURE_CHUNK_SIZE);

class WriteSet {
public:
  // Makes room in a new chunk for the thread whose cursor (perdure_thread.next[lane]) is given.
  // Owner only; async-signal-safe. False: no memory; there is room, but what is recorded is lost.
  bool extend(uint64_t *cursor);
  // The owner stops using its cursor (thread exit): what it recorded stays for the next cut.
  void detach(uint64_t *cursor);
  // Points the cursor at the start of its chunk again, forgetting what was recorded: for a process
  // without a pool, where nobody drains. Owner only; async-signal-safe.
  void rewind(uint64_t *cursor);
  // Forgets everything recorded. REQUIRES: neither owner nor cutter is active.
  void discard(uint64_t *cursor);

  // Appends the entries filled so far to ENTRIES. FULL is called each time that these are LIMIT,
  // and clears them. Cutter only.
  void drain(std::vector<uint64_t> &entries, size_t limit = SIZE_MAX,
             const std::function<void()> &full = nullptr);
  // --- Entries made before their stores; see deferred_lane.h.
  // The owner, whose cursor is given, has done all stores it made entries for.
  void settle(uint64_t cursor) { settled_.store(cursor, std::memory_order_release); }
  // The same of all entries that drains have taken. Cutter only.
  bool taken_are_settled() const { return taken_to_ == settled_.load(std::memory_order_acquire); }

  // True if there is an entry that no drain has taken. Any thread; sees at least what happened
  // before the call in the owner.
  bool dirty() const;
  // Chunks not drained yet. Any thread.
  uint32_t backlog() const { return backlog_.load(std::memory_order_relaxed); }

private:
  void leave(uint64_t cursor);
  WriteSetChunk *take_spare();
  void put_spares(WriteSetChunk *list);
  void recycle(WriteSetChunk *chunk);

  // Both lists are only ever taken whole, so they need no tag against reuse of a head (ABA).
  std::atomic<WriteSetChunk *> incoming_{nullptr}; // from the owner to the cutter
  std::atomic<WriteSetChunk *> spare_{nullptr};    // from the cutter to the owner: drained, zeroed
  std::atomic<const std::atomic<uint64_t> *> peek_{nullptr}; // the next slot a drain would take
  // A drain is under way, or peek_ does not tell all: a chunk was left with a slot reserved and not
  // yet filled.
  std::atomic<bool> stuck_{false};
  std::atomic<uint32_t> backlog_{0};
  // A cursor that no owner has: a slot's address is a multiple of 8.
  static constexpr uint64_t kNowhere = 1;
  std::atomic<uint64_t> settled_{0}; // the owner's cursor when it settled; kNowhere after extend()
  // Cutter's: the cursor of an owner whose entries have all been taken; ~0 if it is not known.
  uint64_t taken_to_ = 0;
  WriteSetChunk *held_ = nullptr; // cutter's: chunks not drained to their end
};

} // namespace perdure
