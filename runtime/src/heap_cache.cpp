// SPDX-License-Identifier: Apache-2.0
//
// Which cache a thread allocates from. The thread keeps a pointer to it, valid for the heap of that
// id only; nothing runs when the thread ends unless the runtime calls thread_exit(), and if it does
// not, the next thread with the same thread-local address goes on with the cache.
#include "heap_impl.h"
#include <new>

namespace perdure {

namespace {

struct CurrentCache {
  uint64_t heap_id; // 0: none
  HeapCache *cache;
};
__attribute__((tls_model("initial-exec"))) thread_local CurrentCache current;

std::atomic<uint64_t> heap_ids = 0;

} // namespace

Heap::Impl::Impl(std::byte *base, HeapHost host, uint64_t slot_bytes)
    : id(++heap_ids), image(base, host, slot_bytes), segments(image),
      extents(image, segments, state), slabs(image, extents, state) {}

Heap::Impl::~Impl() {
  while (caches) {
    HeapCache *next = caches->next;
    LibcAllocator<HeapCache>().deallocate(caches, 1);
    caches = next;
  }
}

HeapCache *Heap::Impl::cache_if_any() { return current.heap_id == id ? current.cache : nullptr; }

HeapCache &Heap::Impl::cache() { return current.heap_id == id ? *current.cache : find_cache(); }

HeapCache &Heap::Impl::find_cache() {
  std::lock_guard guard(lock);
  HeapCache *found = nullptr;
  for (HeapCache *cache = caches; cache; cache = cache->next) {
    if (cache->thread == &current) {
      found = cache;
      break;
    }
    if (!cache->thread)
      found = cache;
  }
  if (!found) {
    found = new (LibcAllocator<HeapCache>().allocate(1)) HeapCache();
    found->next = caches;
    caches = found;
  }
  found->thread = &current;
  current = {id, found};
  return *found;
}

void Heap::Impl::give_up_cache() {
  std::lock_guard guard(lock);
  for (HeapCache *cache = caches; cache; cache = cache->next)
    if (cache->thread == &current) {
      for (ActiveSlab &active : cache->active)
        slabs.drop(active);
      release_kept(*cache);
      cache->thread = nullptr;
    }
  if (current.heap_id == id)
    current = {};
}

} // namespace perdure
