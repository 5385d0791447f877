// SPDX-License-Identifier: Apache-2.0
//
// All items in order of use, and how many bytes they take. The list has its own lock, which may be
// taken while a shard's lock is held, never the other way round.
#ifndef KV_LRU_H
#define KV_LRU_H

#include "item.h"

#include <stdbool.h>

void lru_init_lock(void);

void lru_insert(struct item *item); // as the newest
void lru_remove(struct item *item);
void lru_touch(struct item *item); // makes it the newest

size_t lru_items(void);
size_t lru_bytes(void);

// The hash of the least recently used item, if the items take more than LIMIT bytes. When the
// caller has locked that item's shard another item may have become the oldest: lru_oldest asks
// again.
bool lru_over_limit(size_t limit, uint32_t *hash);
// The least recently used item if it belongs to SHARD, else NULL. REQUIRES: the shard's lock is
// held.
struct item *lru_oldest(unsigned shard);

// Follows the whole list in both directions; false if it is broken or its totals are wrong.
// REQUIRES: no other thread changes the list.
bool lru_check(void);

#endif
