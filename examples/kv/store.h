// SPDX-License-Identifier: Apache-2.0
//
// The operations of the store, callable from any thread. Each takes the lock of its key's shard for
// its whole duration, so it is atomic.
#ifndef KV_STORE_H
#define KV_STORE_H

#include "item.h"

#include <stdbool.h>

enum store_status {
  STORE_OK,
  STORE_NOT_STORED, // `add` of a key that exists
  STORE_NOT_FOUND,
  STORE_EXISTS, // `cas` of an item that has changed
  STORE_NOT_A_NUMBER,
  STORE_NO_MEMORY
};

enum put_mode { PUT_SET, PUT_ADD, PUT_CAS };

struct store_statistics {
  uint64_t gets, hits, puts, evictions, expirations;
};

// Prepares the store. LIMIT: bytes of items to keep before the least recently used ones go.
void store_init(size_t limit);

// Takes ITEM, whatever the result. VERSION is for PUT_CAS.
enum store_status store_put(struct item *item, enum put_mode mode, uint64_t version);

// Calls FOUND with the item, under its lock, if there is one. The item must not be kept.
bool store_get(const char *key, size_t key_size, void (*found)(struct item *, void *),
               void *context);

enum store_status store_delete(const char *key, size_t key_size);

// Adds DELTA to a decimal value.
enum store_status store_increment(const char *key, size_t key_size, uint64_t delta,
                                  uint64_t *result);

// Removes what is past its time; called again and again by a background thread.
void store_expire_shard(unsigned shard);

struct store_statistics store_statistics(void);

// True if the table and the LRU list hold the same items and all totals are right. Stops the store
// while it looks.
bool store_check(size_t *items);

#endif
