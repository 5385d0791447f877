// SPDX-License-Identifier: Apache-2.0
//
// The sharded hash table: chained buckets, doubled in small steps when there are more items than
// buckets. While a shard grows, the items of old bucket B are in `old` if B >= drained and in
// `buckets` otherwise.
#include "table.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_SIZE = 16, DRAIN_PER_OPERATION = 4 };

struct PERDURE_PERSISTENT bucket {
  struct item *first;
};

struct shard {
  struct bucket *buckets;
  struct bucket *old; // being drained into `buckets`; NULL when the shard is not growing
  size_t size;        // number of buckets, a power of two; `old` has half as many
  size_t drained;     // old buckets already moved
  size_t count;       // items
};

PERDURE_PERSISTENT static struct shard shards[SHARD_COUNT];
PERDURE_LOCK static pthread_mutex_t shard_locks[SHARD_COUNT];

PERDURE_SKIP_IF_RECOVERED void table_init(void) {
  for (unsigned i = 0; i < SHARD_COUNT; i++) {
    struct bucket *buckets = calloc(FIRST_SIZE, sizeof(struct bucket));
    if (!buckets) {
      fprintf(stderr, "kv: no memory for the hash table\n");
      exit(1);
    }
    shards[i] = (struct shard){.buckets = buckets, .size = FIRST_SIZE};
  }
}

void table_init_locks(void) {
  for (unsigned i = 0; i < SHARD_COUNT; i++)
    pthread_mutex_init(&shard_locks[i], NULL);
}

void shard_lock(unsigned shard) { pthread_mutex_lock(&shard_locks[shard]); }
void shard_unlock(unsigned shard) { pthread_mutex_unlock(&shard_locks[shard]); }

static struct bucket *bucket_of(struct shard *shard, uint32_t hash) {
  if (shard->old) {
    size_t old = hash & (shard->size / 2 - 1);
    if (old >= shard->drained)
      return &shard->old[old];
  }
  return &shard->buckets[hash & (shard->size - 1)];
}

static void push(struct bucket *bucket, struct item *item) {
  item->chain = bucket->first;
  bucket->first = item;
}

static void drain(struct shard *shard, size_t buckets) {
  for (; shard->old && buckets > 0; buckets--) {
    struct item *item = shard->old[shard->drained].first;
    while (item) {
      struct item *next = item->chain;
      push(&shard->buckets[item->hash & (shard->size - 1)], item);
      item = next;
    }
    if (++shard->drained == shard->size / 2) {
      free(shard->old);
      shard->old = NULL;
    }
  }
}

// Without memory for more buckets the chains get longer: slower, not wrong.
static void grow(struct shard *shard) {
  struct bucket *buckets = calloc(shard->size * 2, sizeof(struct bucket));
  if (!buckets)
    return;
  shard->old = shard->buckets;
  shard->buckets = buckets;
  shard->size *= 2;
  shard->drained = 0;
}

struct item *table_find(uint32_t hash, const char *key, size_t key_size) {
  struct item *item = bucket_of(&shards[shard_of(hash)], hash)->first;
  while (item && !item_has_key(item, hash, key, key_size))
    item = item->chain;
  return item;
}

void table_insert(struct item *item) {
  struct shard *shard = &shards[shard_of(item->hash)];
  drain(shard, DRAIN_PER_OPERATION);
  if (!shard->old && shard->count >= shard->size)
    grow(shard);
  push(bucket_of(shard, item->hash), item);
  shard->count++;
}

void table_remove(struct item *item) {
  struct shard *shard = &shards[shard_of(item->hash)];
  struct item **link = &bucket_of(shard, item->hash)->first;
  while (*link != item)
    link = &(*link)->chain;
  *link = item->chain;
  shard->count--;
}

bool table_visit_bucket(unsigned shard_index, size_t bucket, void (*visit)(struct item *, void *),
                        void *context) {
  struct shard *shard = &shards[shard_index];
  drain(shard, shard->size); // simpler than visiting both arrays, and visits are rare
  if (bucket >= shard->size)
    return false;
  struct item *item = shard->buckets[bucket].first;
  while (item) {
    struct item *next = item->chain;
    visit(item, context);
    item = next;
  }
  return true;
}
