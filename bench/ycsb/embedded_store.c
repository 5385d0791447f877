// SPDX-License-Identifier: Apache-2.0
//
// See embedded_store.h. A value of the same size as the one before is written over it.
#include "embedded_store.h"
#include "../structures/b_tree_map.h"

#include <perdure/annotations.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SHARD_BITS = 6, SHARDS = 1 << SHARD_BITS };

struct PERDURE_PERSISTENT record {
  uint32_t size;
  char value[];
};

PERDURE_PERSISTENT static struct b_tree shards[SHARDS];
PERDURE_LOCK static pthread_rwlock_t locks[SHARDS] = {[0 ... SHARDS - 1] =
                                                          PTHREAD_RWLOCK_INITIALIZER};

static size_t shard_of(uint64_t key) { return key >> (64 - SHARD_BITS); }

// REQUIRES: SHARD is locked for writing.
static void put_locked(struct b_tree *shard, uint64_t key, const char *value, size_t size) {
  uint64_t present;
  struct record *record = NULL;
  if (b_tree_get(shard, key, &present))
    record = (struct record *)present;
  if (!record || record->size != size) {
    struct record *old = record;
    record = malloc(sizeof *record + size);
    record->size = (uint32_t)size;
    b_tree_put(shard, key, (uint64_t)record);
    free(old);
  }
  memcpy(record->value, value, size);
}

void embedded_put(uint64_t key, const char *value, size_t size) {
  size_t shard = shard_of(key);
  pthread_rwlock_wrlock(&locks[shard]);
  put_locked(&shards[shard], key, value, size);
  pthread_rwlock_unlock(&locks[shard]);
}

bool embedded_get(uint64_t key, embedded_receiver receive, void *context) {
  size_t shard = shard_of(key);
  uint64_t found;
  pthread_rwlock_rdlock(&locks[shard]);
  bool is_there = b_tree_get(&shards[shard], key, &found);
  if (is_there) {
    const struct record *record = (const struct record *)found;
    receive(context, record->value, record->size);
  }
  pthread_rwlock_unlock(&locks[shard]);
  return is_there;
}

struct scan {
  embedded_receiver receive;
  void *context;
  size_t seen, count;
};

static bool receive_one(void *context, uint64_t key, uint64_t found) {
  (void)key;
  struct scan *scan = context;
  const struct record *record = (const struct record *)found;
  scan->receive(scan->context, record->value, record->size);
  return ++scan->seen < scan->count;
}

size_t embedded_scan(uint64_t key, size_t count, embedded_receiver receive, void *context) {
  struct scan scan = {receive, context, 0, count};
  for (size_t shard = shard_of(key); shard < SHARDS && scan.seen < count; shard++) {
    pthread_rwlock_rdlock(&locks[shard]);
    b_tree_visit(&shards[shard], key, receive_one, &scan);
    pthread_rwlock_unlock(&locks[shard]);
  }
  return scan.seen;
}
