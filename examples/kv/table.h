// SPDX-License-Identifier: Apache-2.0
//
// A hash table in SHARD_COUNT parts, each with its own lock, buckets and growth. A shard grows step
// by step: the new buckets are allocated at once, then every operation moves a few of the old ones,
// so no request ever pays for a whole rehash.
#ifndef KV_TABLE_H
#define KV_TABLE_H

#include "item.h"

#include <stdbool.h>

enum { SHARD_COUNT = 32 };

void table_init(void);
void table_init_locks(void);

static inline unsigned shard_of(uint32_t hash) { return hash >> 27; }
void shard_lock(unsigned shard);
void shard_unlock(unsigned shard);

// REQUIRES, for all below: the shard's lock is held.
struct item *table_find(uint32_t hash, const char *key, size_t key_size);
void table_insert(struct item *item);
void table_remove(struct item *item);

// Calls VISIT for the items of one bucket; it may remove them. False if the shard has no such
// bucket.
bool table_visit_bucket(unsigned shard, size_t bucket, void (*visit)(struct item *, void *),
                        void *context);

#endif
