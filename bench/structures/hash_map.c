// SPDX-License-Identifier: Apache-2.0
//
// A chained hash map that doubles when it is full.
#include "structure.h"

#include <perdure/annotations.h>
#include <stdlib.h>

enum { BUCKETS_FIRST = 1024 };

struct PERDURE_PERSISTENT entry {
  struct entry *next;
  uint64_t key, value;
};

PERDURE_PERSISTENT static struct {
  struct entry **buckets;
  size_t bucket_count; // a power of two
  size_t entry_count;
} map;

static struct entry **bucket_of(uint64_t key) {
  return &map.buckets[(key * 0x9e3779b97f4a7c15u >> 24) & (map.bucket_count - 1)];
}

// The link that leads to KEY's entry, or the one at the end of its chain.
static struct entry **find(uint64_t key) {
  struct entry **link = bucket_of(key);
  while (*link && (*link)->key != key)
    link = &(*link)->next;
  return link;
}

static void grow(void) {
  struct entry **old = map.buckets;
  size_t old_count = map.bucket_count;
  map.bucket_count = old ? 2 * old_count : BUCKETS_FIRST;
  map.buckets = calloc(map.bucket_count, sizeof *map.buckets);
  for (size_t i = 0; i < old_count; i++) {
    struct entry *next;
    for (struct entry *entry = old[i]; entry; entry = next) {
      struct entry **head = bucket_of(entry->key);
      next = entry->next;
      entry->next = *head;
      *head = entry;
    }
  }
  free(old);
}

PERDURE_TRANSACTION static bool put(uint64_t key, uint64_t value) {
  if (map.entry_count >= map.bucket_count)
    grow();
  struct entry **link = find(key);
  if (*link) {
    (*link)->value = value;
    return false;
  }
  struct entry *entry = malloc(sizeof *entry);
  entry->next = NULL;
  entry->key = key;
  entry->value = value;
  *link = entry;
  map.entry_count++;
  return true;
}

static bool get(uint64_t key, uint64_t *value) {
  if (!map.buckets)
    return false;
  const struct entry *entry = *find(key);
  if (entry)
    *value = entry->value;
  return entry != NULL;
}

PERDURE_TRANSACTION static bool remove_key(uint64_t key) {
  struct entry **link = map.buckets ? find(key) : NULL;
  if (!link || !*link)
    return false;
  struct entry *entry = *link;
  *link = entry->next;
  free(entry);
  map.entry_count--;
  return true;
}

static void for_each(entry_visitor visit, void *context) {
  for (size_t i = 0; i < map.bucket_count; i++)
    for (const struct entry *entry = map.buckets[i]; entry; entry = entry->next)
      visit(context, entry->key, entry->value);
}

const struct structure hash_map = {"hash_map", false, put, get, remove_key, for_each};
