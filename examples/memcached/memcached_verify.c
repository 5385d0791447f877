// SPDX-License-Identifier: Apache-2.0
//
// The structure walk after a recovery, for tests: of each slab class, free chunks and used ones
// make up its pages; LRU lists are doubly linked, count right, and hold exactly the linked items;
// each linked item stands once in the chain its hash selects; references are 1; the counters agree.
#include "memcached_recover.h"

#include <perdure/perdure.h>
#include <stdio.h>
#include <stdlib.h>

static void fail(const item *it, const char *what, unsigned long long found,
                 unsigned long long expected) {
  fprintf(stderr, "memcached_verify: item %p: %s (%llu, expected %llu)\n", (const void *)it, what,
          found, expected);
  abort();
}

static void expect(bool right, const item *it, const char *what) {
  if (!right)
    fail(it, what, 0, 1);
}

static void expect_equal(unsigned long long found, unsigned long long expected, const char *what) {
  if (found != expected)
    fail(NULL, what, found, expected);
}

struct totals {
  uint64_t linked, bytes;
};

// A chunk's place: in a page of the class, at a multiple of the chunk size.
static bool in_class(const void *chunk, const struct slab_class *class) {
  for (unsigned int page = 0; page < class->pages; page++) {
    size_t offset = (size_t)((const char *)chunk - class->page_list[page]);
    if (offset < (size_t)class->size * class->perslab)
      return offset % class->size == 0;
  }
  return false;
}

static uint64_t verify_free_list(unsigned int id, const struct slab_class *class) {
  uint64_t count = 0;
  const item *before = NULL;
  for (const item *it = class->free_list; it; before = it, it = it->next, count++) {
    expect(it->it_flags == ITEM_SLABBED, it, "on a free list without being marked free");
    expect(it->slabs_clsid == id, it, "on the free list of another class");
    expect(it->prev == before, it, "free list: back link");
    expect(count <= (uint64_t)class->pages * class->perslab, it, "free list: a cycle");
    // The test of the place is slow with many pages; the first ones will do.
    expect(count > 1000 || in_class(it, class), it, "on a free list, outside the class's pages");
  }
  return count;
}

static void verify_linked(item *it, struct totals *sum) {
  expect(it->refcount == 1, it, "a linked item with references");
  expect(assoc_find(ITEM_key(it), it->nkey, hash(ITEM_key(it), it->nkey)) == it, it,
         "not found by its hash");
  if (it->it_flags & ITEM_CHUNKED) {
    int bytes = 0;
    for (item_chunk *chunk = (item_chunk *)ITEM_schunk(it); chunk; chunk = chunk->next) {
      expect(chunk->head == it, it, "a chunk of another item in the chain");
      expect(chunk->next == NULL || chunk->next->prev == chunk, it, "chunk chain: back link");
      bytes += chunk->used;
    }
    expect(bytes == it->nbytes, it, "chunks do not add up to the value");
  }
  sum->linked++;
  sum->bytes += ITEM_ntotal(it);
}

static void verify_class(unsigned int id, struct totals *sum) {
  struct slab_class class = slab_class_at(id);
  uint64_t free_chunks = verify_free_list(id, &class), used = 0, marked_free = 0;
  for (unsigned int page = 0; page < class.pages; page++) {
    char *chunk = class.page_list[page];
    expect(perdure_is_persistent(chunk), (item *)chunk, "a slab page outside the pool");
    for (unsigned int i = 0; i < class.perslab; i++, chunk += class.size) {
      item *it = (item *)chunk;
      if (it->it_flags & ITEM_LINKED) {
        verify_linked(it, sum);
        used++;
      } else if (it->it_flags & ITEM_CHUNK) {
        expect(((item_chunk *)it)->head->it_flags & ITEM_LINKED, it, "a part of no item");
        used++;
      } else {
        expect(it->it_flags == ITEM_SLABBED, it, "neither linked nor free");
        marked_free++;
      }
    }
  }
  expect_equal(free_chunks, class.free_count, "length of a free list");
  expect_equal(marked_free, free_chunks, "chunks marked free and on the free list");
  expect_equal(used + free_chunks, (uint64_t)class.pages * class.perslab, "chunks of a class");
}

static void verify_lru(struct totals *sum) {
  item **heads = perdure_root("items.c:heads");
  item **tails = perdure_root("items.c:tails");
  const unsigned int *sizes = perdure_root("items.c:sizes");
  const uint64_t *sizes_bytes = perdure_root("items.c:sizes_bytes");
  for (int list = 0; list < POWER_LARGEST; list++) {
    uint64_t count = 0, bytes = 0;
    item *before = NULL;
    for (item *it = heads[list]; it; before = it, it = it->next) {
      expect(perdure_is_persistent(it), it, "in an LRU list, outside the pool");
      expect(it->it_flags & ITEM_LINKED, it, "in an LRU list without being linked");
      expect(it->slabs_clsid == list, it, "in the wrong LRU list");
      expect(it->prev == before, it, "LRU list: back link");
      bytes += ITEM_ntotal(it);
      count++;
    }
    expect(tails[list] == before, before, "LRU list: tail");
    expect_equal(sizes[list], count, "length of an LRU list");
    expect_equal(sizes_bytes[list], bytes, "bytes of an LRU list");
    sum->linked += count;
    sum->bytes += bytes;
  }
}

static uint64_t verify_table(item *const *table, uint64_t from, uint64_t buckets, uint64_t mask) {
  uint64_t count = 0;
  for (uint64_t bucket = from; bucket < buckets; bucket++)
    for (const item *it = table[bucket]; it; it = it->h_next, count++) {
      expect(perdure_is_persistent(it), it, "in the hash table, outside the pool");
      expect(it->it_flags & ITEM_LINKED, it, "in the hash table without being linked");
      expect((hash(ITEM_key(it), it->nkey) & mask) == bucket, it, "in the wrong bucket");
    }
  return count;
}

static uint64_t verify_hash(void) {
  unsigned int power = *(const unsigned int *)perdure_root("hashpower");
  item *const *primary = *(item ***)perdure_root("assoc.c:primary_hashtable");
  item *const *old = *(item ***)perdure_root("assoc.c:old_hashtable");
  bool expanding = *(const bool *)perdure_root("assoc.c:expanding");
  uint64_t moved = *(const uint64_t *)perdure_root("assoc.c:expand_bucket");
  uint64_t buckets = (uint64_t)1 << power, half = buckets / 2;
  uint64_t count = verify_table(primary, 0, buckets, buckets - 1);
  if (expanding) {
    expect_equal(verify_table(old, 0, moved, half - 1), 0, "items in buckets already moved");
    count += verify_table(old, moved, half, half - 1);
  }
  expect_equal(stats_state.hash_power_level, power, "hash_power_level");
  expect_equal(stats_state.hash_is_expanding, expanding, "hash_is_expanding");
  return count;
}

void memcached_verify(void) {
  struct totals chunks = {0}, lists = {0};
  for (unsigned int id = POWER_SMALLEST; id < MAX_NUMBER_OF_SLAB_CLASSES; id++)
    verify_class(id, &chunks);
  verify_lru(&lists);
  expect_equal(lists.linked, chunks.linked, "items in LRU lists and in slab pages");
  expect_equal(lists.bytes, chunks.bytes, "bytes in LRU lists and in slab pages");
  expect_equal(verify_hash(), chunks.linked, "items in the hash table and in slab pages");
  expect_equal(stats_state.curr_items, chunks.linked, "curr_items");
  expect_equal(stats_state.curr_bytes, chunks.bytes, "curr_bytes");
  fprintf(stderr, "memcached_verify: %llu items, sound\n", (unsigned long long)chunks.linked);
}
