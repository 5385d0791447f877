// SPDX-License-Identifier: Apache-2.0
//
// ../hash_map.c on libpmemobj.
#include "../structure.h"
#include "peer_pool.h"

enum { BUCKETS_FIRST = 1024 };

struct entry {
  struct entry *next;
  uint64_t key, value;
};

struct map {
  struct entry **buckets;
  size_t bucket_count, entry_count;
};

static struct map *map(void) {
  static struct map *cached;
  if (!cached)
    cached = (struct map *)peer_root()->hash_map;
  return cached;
}

static struct entry **bucket_of(uint64_t key) {
  return &map()->buckets[(key * 0x9e3779b97f4a7c15u >> 24) & (map()->bucket_count - 1)];
}

static struct entry **find(uint64_t key) {
  struct entry **link = bucket_of(key);
  while (*link && (*link)->key != key)
    link = &(*link)->next;
  return link;
}

// A transaction of its own: its snapshots are as large as the map.
static void grow(void) {
  TX_BEGIN(peer_pool) {
    SNAPSHOT(map());
    struct entry **old = map()->buckets;
    size_t old_count = map()->bucket_count;
    map()->bucket_count = old ? 2 * old_count : BUCKETS_FIRST;
    map()->buckets = peer_zalloc(map()->bucket_count * sizeof(struct entry *));
    for (size_t i = 0; i < old_count; i++) {
      struct entry *next;
      for (struct entry *entry = old[i]; entry; entry = next) {
        struct entry **head = bucket_of(entry->key);
        next = entry->next;
        SNAPSHOT(&entry->next);
        entry->next = *head;
        *head = entry;
      }
    }
    if (old)
      peer_free(old);
  }
  TX_END
}

static bool put(uint64_t key, uint64_t value) {
  if (map()->entry_count >= map()->bucket_count)
    grow();
  struct entry **link = find(key), *present = *link;
  TX_BEGIN(peer_pool) {
    if (present) {
      SNAPSHOT(&present->value);
      present->value = value;
    } else {
      struct entry *entry = peer_alloc(sizeof *entry);
      *entry = (struct entry){NULL, key, value};
      SNAPSHOT(link);
      *link = entry;
      SNAPSHOT(&map()->entry_count);
      map()->entry_count++;
    }
  }
  TX_END
  return !present;
}

static bool get(uint64_t key, uint64_t *value) {
  const struct entry *entry = map()->buckets ? *find(key) : NULL;
  if (entry)
    *value = entry->value;
  return entry != NULL;
}

static bool remove_key(uint64_t key) {
  struct entry **link = map()->buckets ? find(key) : NULL;
  if (!link || !*link)
    return false;
  TX_BEGIN(peer_pool) {
    struct entry *entry = *link;
    SNAPSHOT(link);
    *link = entry->next;
    peer_free(entry);
    SNAPSHOT(&map()->entry_count);
    map()->entry_count--;
  }
  TX_END
  return true;
}

static void for_each(entry_visitor visit, void *context) {
  for (size_t i = 0; i < map()->bucket_count; i++)
    for (const struct entry *entry = map()->buckets[i]; entry; entry = entry->next)
      visit(context, entry->key, entry->value);
}

const struct structure hash_map = {"hash_map", false, put, get, remove_key, for_each};
