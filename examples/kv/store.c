// SPDX-License-Identifier: Apache-2.0
//
// The operations: table and LRU list change together under the shard's lock. Eviction runs after
// the lock is released and takes the victim's own, so no thread holds two shards.
#include "store.h"

#include "lru.h"
#include "table.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { EXPIRE_BUCKETS_PER_LOCK = 256, NUMBER_SIZE_MAX = 20 };

static size_t memory_limit;
PERDURE_PERSISTENT static _Atomic uint64_t last_version;
PERDURE_RELAXED static struct {
  _Atomic uint64_t gets, hits, puts, evictions, expirations;
} statistics;

void store_init(size_t limit) {
  memory_limit = limit;
  table_init_locks();
  lru_init_lock();
  table_init();
}

static void insert(struct item *item) {
  item->version = atomic_fetch_add(&last_version, 1) + 1;
  table_insert(item);
  lru_insert(item);
}

static void discard(struct item *item) {
  lru_remove(item);
  table_remove(item);
  free(item);
}

// The live item with that key. One that is past its time is discarded on the way.
static struct item *find(uint32_t hash, const char *key, size_t key_size) {
  struct item *item = table_find(hash, key, key_size);
  if (item && item_is_expired(item, time(NULL))) {
    discard(item);
    atomic_fetch_add(&statistics.expirations, 1);
    return NULL;
  }
  return item;
}

static void evict_to_limit(void) {
  uint32_t hash;
  while (lru_over_limit(memory_limit, &hash)) {
    unsigned shard = shard_of(hash);
    shard_lock(shard);
    struct item *victim = lru_oldest(shard);
    if (victim) {
      discard(victim);
      atomic_fetch_add(&statistics.evictions, 1);
    }
    shard_unlock(shard);
  }
}

static enum store_status may_put(struct item *present, enum put_mode mode, uint64_t version) {
  if (mode == PUT_ADD && present)
    return STORE_NOT_STORED;
  if (mode == PUT_CAS && !present)
    return STORE_NOT_FOUND;
  if (mode == PUT_CAS && present->version != version)
    return STORE_EXISTS;
  return STORE_OK;
}

enum store_status store_put(struct item *item, enum put_mode mode, uint64_t version) {
  unsigned shard = shard_of(item->hash);
  shard_lock(shard);
  struct item *present = find(item->hash, item_key(item), item->key_size);
  enum store_status status = may_put(present, mode, version);
  if (status == STORE_OK) {
    if (present)
      discard(present);
    insert(item);
  } else {
    free(item);
  }
  shard_unlock(shard);
  atomic_fetch_add(&statistics.puts, 1);
  evict_to_limit();
  return status;
}

bool store_get(const char *key, size_t key_size, void (*found)(struct item *, void *),
               void *context) {
  uint32_t hash = key_hash(key, key_size);
  shard_lock(shard_of(hash));
  struct item *item = find(hash, key, key_size);
  if (item) {
    lru_touch(item);
    found(item, context);
  }
  shard_unlock(shard_of(hash));
  atomic_fetch_add(&statistics.gets, 1);
  atomic_fetch_add(&statistics.hits, item != NULL);
  return item != NULL;
}

enum store_status store_delete(const char *key, size_t key_size) {
  uint32_t hash = key_hash(key, key_size);
  shard_lock(shard_of(hash));
  struct item *item = find(hash, key, key_size);
  if (item)
    discard(item);
  shard_unlock(shard_of(hash));
  return item ? STORE_OK : STORE_NOT_FOUND;
}

static bool parse_number(struct item *item, uint64_t *number) {
  char text[NUMBER_SIZE_MAX + 1];
  if (item->value_size == 0 || item->value_size > NUMBER_SIZE_MAX)
    return false;
  memcpy(text, item_value(item), item->value_size);
  text[item->value_size] = 0;
  char *end;
  *number = strtoull(text, &end, 10);
  return text[0] >= '0' && text[0] <= '9' && *end == 0;
}

// Writes the number over the old one where it has the same length, else replaces the item.
static enum store_status put_number(struct item *item, uint64_t number) {
  char text[NUMBER_SIZE_MAX + 1];
  size_t size = (size_t)snprintf(text, sizeof text, "%" PRIu64, number);
  if (size == item->value_size) {
    memcpy(item_value(item), text, size);
    item->version = atomic_fetch_add(&last_version, 1) + 1;
    lru_touch(item);
    return STORE_OK;
  }
  struct item *longer = item_new(item_key(item), item->key_size, size);
  if (!longer)
    return STORE_NO_MEMORY;
  longer->flags = item->flags;
  longer->expires = item->expires;
  memcpy(item_value(longer), text, size);
  discard(item);
  insert(longer);
  return STORE_OK;
}

enum store_status store_increment(const char *key, size_t key_size, uint64_t delta,
                                  uint64_t *result) {
  uint32_t hash = key_hash(key, key_size);
  enum store_status status = STORE_NOT_FOUND;
  shard_lock(shard_of(hash));
  struct item *item = find(hash, key, key_size);
  if (item) {
    status = STORE_NOT_A_NUMBER;
    if (parse_number(item, result))
      status = put_number(item, *result += delta);
  }
  shard_unlock(shard_of(hash));
  return status;
}

static void discard_expired(struct item *item, void *now) {
  if (item_is_expired(item, *(int64_t *)now)) {
    discard(item);
    atomic_fetch_add(&statistics.expirations, 1);
  }
}

void store_expire_shard(unsigned shard) {
  int64_t now = time(NULL);
  size_t bucket = 0;
  for (bool more = true; more;) {
    shard_lock(shard);
    for (size_t end = bucket + EXPIRE_BUCKETS_PER_LOCK; more && bucket < end; bucket++)
      more = table_visit_bucket(shard, bucket, discard_expired, &now);
    shard_unlock(shard);
  }
}

struct store_statistics store_statistics(void) {
  return (struct store_statistics){statistics.gets, statistics.hits, statistics.puts,
                                   statistics.evictions, statistics.expirations};
}

static void count(struct item *item, void *items) {
  (void)item;
  ++*(size_t *)items;
}

bool store_check(size_t *items) {
  *items = 0;
  for (unsigned shard = 0; shard < SHARD_COUNT; shard++)
    shard_lock(shard);
  for (unsigned shard = 0; shard < SHARD_COUNT; shard++)
    for (size_t bucket = 0; table_visit_bucket(shard, bucket, count, items);)
      bucket++;
  bool sound = *items == lru_items() && lru_check();
  for (unsigned shard = 0; shard < SHARD_COUNT; shard++)
    shard_unlock(shard);
  return sound;
}
