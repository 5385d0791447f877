// SPDX-License-Identifier: Apache-2.0
#include "write_set.h"
#include <sys/mman.h>

namespace perdure {
namespace {

// A chunk's first slot has these bits set in its address; a cursor without them is past the end.
constexpr uint64_t kOffsetMask = PERDURE_CHUNK_SIZE - 1;

WriteSetChunk *map_chunk() {
  // Twice the size leaves an aligned chunk inside; the rest goes back.
  size_t size = 2 * PERDURE_CHUNK_SIZE;
  void *memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return nullptr;
  auto start = reinterpret_cast<uint64_t>(memory);
  uint64_t aligned = (start + kOffsetMask) & ~kOffsetMask;
  if (aligned > start)
    munmap(memory, aligned - start);
  uint64_t end = start + size, chunk_end = aligned + PERDURE_CHUNK_SIZE;
  if (end > chunk_end)
    munmap(reinterpret_cast<void *>(chunk_end), end - chunk_end);
  return reinterpret_cast<WriteSetChunk *>(aligned);
}

// The chunk a cursor belongs to, null before the first. Past the end it stands in the header of the
// chunk-sized block that follows.
WriteSetChunk *chunk_of(uint64_t cursor) {
  if (cursor < PERDURE_CHUNK_SIZE)
    return nullptr;
  uint64_t block = cursor & ~kOffsetMask;
  if ((cursor & PERDURE_CHUNK_FIRST_MASK) == 0)
    block -= PERDURE_CHUNK_SIZE;
  return reinterpret_cast<WriteSetChunk *>(block);
}

uint32_t reserved_slots(const WriteSetChunk *chunk, uint64_t cursor) {
  uint64_t bytes = cursor - reinterpret_cast<uint64_t>(chunk) - PERDURE_CHUNK_HEADER;
  uint64_t slots = bytes / 8;
  return slots < kSlotsPerChunk ? static_cast<uint32_t>(slots) : kSlotsPerChunk;
}

uint64_t exchange_cursor(uint64_t *cursor, uint64_t value) {
  return std::atomic_ref<uint64_t>(*cursor).exchange(value);
}

// For threads that found no memory: they all write to it, nobody reads it.
WriteSetChunk *sink() {
  static std::byte room[2 * PERDURE_CHUNK_SIZE];
  return reinterpret_cast<WriteSetChunk *>((reinterpret_cast<uint64_t>(room) + kOffsetMask) &
                                           ~kOffsetMask);
}

} // namespace

void WriteSet::put_spares(WriteSetChunk *list) {
  for (;;) {
    WriteSetChunk *none = nullptr;
    if (spare_.compare_exchange_strong(none, list, std::memory_order_acq_rel))
      return;
    WriteSetChunk *tail = list;
    while (tail->next)
      tail = tail->next;
    tail->next = spare_.exchange(nullptr, std::memory_order_acq_rel);
  }
}

WriteSetChunk *WriteSet::take_spare() {
  WriteSetChunk *chunk = spare_.exchange(nullptr, std::memory_order_acq_rel);
  if (!chunk)
    return map_chunk();
  if (chunk->next)
    put_spares(chunk->next);
  return chunk;
}

void WriteSet::recycle(WriteSetChunk *chunk) {
  uint32_t used = chunk->reserved.load(std::memory_order_relaxed);
  for (uint32_t i = 0; i < used; i++) // dirty() may look at one meanwhile
    chunk->slots[i].store(0, std::memory_order_relaxed);
  chunk->next = nullptr;
  put_spares(chunk);
  backlog_.fetch_sub(1, std::memory_order_relaxed);
}

void WriteSet::leave(uint64_t cursor) {
  if (WriteSetChunk *chunk = chunk_of(cursor))
    chunk->reserved.store(reserved_slots(chunk, cursor), std::memory_order_release);
}

bool WriteSet::extend(uint64_t *cursor) {
  WriteSetChunk *chunk = take_spare();
  if (!chunk) {
    leave(exchange_cursor(cursor, reinterpret_cast<uint64_t>(&sink()->slots[0])));
    return false;
  }
  chunk->taken = 0;
  chunk->reserved.store(WriteSetChunk::kOpen, std::memory_order_relaxed);
  backlog_.fetch_add(1, std::memory_order_relaxed);
  // The chunk may have been used before, and a cursor that settled in it must not count again. The
  // cutter sees this before it sees the chunk.
  settled_.store(kNowhere, std::memory_order_relaxed);
  WriteSetChunk *head = incoming_.load(std::memory_order_relaxed);
  do
    chunk->next = head;
  while (!incoming_.compare_exchange_weak(head, chunk, std::memory_order_release,
                                          std::memory_order_relaxed));
  leave(exchange_cursor(cursor, reinterpret_cast<uint64_t>(&chunk->slots[0])));
  return true;
}

void WriteSet::detach(uint64_t *cursor) { leave(exchange_cursor(cursor, 0)); }

void WriteSet::rewind(uint64_t *cursor) {
  WriteSetChunk *chunk = chunk_of(*cursor);
  if (chunk)
    exchange_cursor(cursor, reinterpret_cast<uint64_t>(&chunk->slots[0]));
  else
    extend(cursor);
}

void WriteSet::discard(uint64_t *cursor) {
  detach(cursor);
  incoming_ = nullptr; // what it held is not worth the care of reusing it
  held_ = nullptr;
  peek_ = nullptr;
  stuck_ = false;
  backlog_ = 0;
  settled_ = taken_to_ = 0;
}

void WriteSet::drain(std::vector<uint64_t> &entries, size_t limit,
                     const std::function<void()> &full) {
  // Until the next slot to look at is known again: the owner may fill one behind our back.
  stuck_.store(true, std::memory_order_relaxed);
  WriteSetChunk *incoming = incoming_.exchange(nullptr, std::memory_order_acq_rel);
  while (incoming) {
    WriteSetChunk *next = incoming->next;
    incoming->next = held_;
    held_ = incoming;
    incoming = next;
  }
  const std::atomic<uint64_t> *peek = nullptr;
  bool stuck = false;
  const WriteSetChunk *open = nullptr, *second_open = nullptr;
  for (WriteSetChunk **link = &held_; *link;) {
    WriteSetChunk *chunk = *link;
    uint32_t reserved = chunk->reserved.load(std::memory_order_acquire);
    uint32_t end = reserved == WriteSetChunk::kOpen ? kSlotsPerChunk : reserved;
    while (chunk->taken < end) {
      uint64_t entry = chunk->slots[chunk->taken].load(std::memory_order_acquire);
      if (entry == 0)
        break;
      entries.push_back(entry);
      chunk->taken++;
      if (entries.size() == limit)
        full();
    }
    if (chunk->taken == reserved) {
      *link = chunk->next;
      recycle(chunk);
      continue;
    }
    if (reserved == WriteSetChunk::kOpen)
      (open ? second_open : open) = chunk;
    if (reserved != WriteSetChunk::kOpen || peek)
      stuck = true; // two are open while a signal handler interrupts extend()
    else if (chunk->taken < kSlotsPerChunk)
      peek = &chunk->slots[chunk->taken];
    link = &chunk->next;
  }
  if (stuck || second_open)
    taken_to_ = ~0ull;
  else
    taken_to_ = open ? reinterpret_cast<uint64_t>(open->slots) + open->taken * 8ull : 0;
  peek_.store(peek, std::memory_order_release);
  stuck_.store(stuck, std::memory_order_release);
}

bool WriteSet::dirty() const {
  if (incoming_.load(std::memory_order_acquire) || stuck_.load(std::memory_order_acquire))
    return true;
  const std::atomic<uint64_t> *peek = peek_.load(std::memory_order_acquire);
  return peek && peek->load(std::memory_order_acquire) != 0;
}

} // namespace perdure
