// SPDX-License-Identifier: Apache-2.0
//
// A chained hash table that doubles when it is full; values are blocks of their own.
#include "structure.h"

#include <perdure/annotations.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS_FIRST = 4 };

struct PERDURE_PERSISTENT entry {
  struct entry *next;
  uint64_t key;
  size_t size;
  char *value;
};

PERDURE_PERSISTENT static struct {
  struct entry **buckets;
  size_t bucket_count, entry_count;
} map;

static size_t bucket_of(uint64_t key) {
  return (key * 0x9e3779b97f4a7c15u >> 32) % map.bucket_count;
}

// The link that leads to KEY's entry, or the one at the end of its chain.
static struct entry **find(uint64_t key) {
  struct entry **link = &map.buckets[bucket_of(key)];
  while (*link && (*link)->key != key)
    link = &(*link)->next;
  return link;
}

static void grow(void) {
  struct entry **old = map.buckets;
  size_t old_count = map.bucket_count;
  map.bucket_count = old ? 2 * old_count : BUCKETS_FIRST;
  map.buckets = calloc(map.bucket_count, sizeof *map.buckets);
  half_done();
  for (size_t i = 0; i < old_count; i++) {
    struct entry *next;
    for (struct entry *entry = old[i]; entry; entry = next) {
      struct entry **head = &map.buckets[bucket_of(entry->key)];
      next = entry->next;
      entry->next = *head;
      *head = entry;
    }
  }
  free(old);
}

// With HIDDEN_STORE the compiler does not see this one: the crash test must.
static void count_one_more(void) {
#ifdef HIDDEN_STORE
  asm volatile("incq (%0)" : : "r"(&map.entry_count));
#else
  map.entry_count++;
#endif
}

PERDURE_TRANSACTION static void put(uint64_t key, const void *value, size_t size) {
  if (map.entry_count >= map.bucket_count)
    grow();
  struct entry **link = find(key);
  struct entry *entry = *link;
  if (!entry) {
    entry = malloc(sizeof *entry);
    entry->next = NULL;
    entry->key = key;
    *link = entry;
    half_done();
    count_one_more();
  } else {
    free(entry->value);
  }
  entry->value = malloc(size);
  entry->size = size;
  memcpy(entry->value, value, size);
}

static void unlink_entry(struct entry **link) {
  struct entry *entry = *link;
  *link = entry->next;
  half_done();
  map.entry_count--;
  free(entry->value);
  free(entry);
}

PERDURE_TRANSACTION static void remove_key(uint64_t key) {
  if (!map.buckets)
    return;
  struct entry **link = find(key);
  if (*link)
    unlink_entry(link);
}

static void get(uint64_t key) { (void)key; }

PERDURE_TRANSACTION static void clear(void) {
  for (size_t i = 0; i < map.bucket_count; i++)
    while (map.buckets[i])
      unlink_entry(&map.buckets[i]);
  free(map.buckets);
  map.buckets = NULL;
  map.bucket_count = 0;
}

static void for_each(entry_visitor visit, void *context) {
  for (size_t i = 0; i < map.bucket_count; i++)
    for (struct entry *entry = map.buckets[i]; entry; entry = entry->next)
      visit(context, entry->key, entry->value, entry->size);
}

static const char *verify(block_visitor visit, void *context) {
  size_t found = 0;
  if (map.buckets)
    visit(context, map.buckets);
  for (size_t i = 0; i < map.bucket_count; i++)
    for (struct entry *entry = map.buckets[i]; entry; entry = entry->next) {
      if (bucket_of(entry->key) != i)
        return "an entry is in another key's chain";
      if (++found > map.entry_count)
        return "there are more entries than counted";
      visit(context, entry);
      visit(context, entry->value);
    }
  return found == map.entry_count ? NULL : "there are fewer entries than counted";
}

const struct structure hash_map = {"hash_map", 20000, put,      remove_key,
                                   get,        clear, for_each, verify};
