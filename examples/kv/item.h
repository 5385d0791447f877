// SPDX-License-Identifier: Apache-2.0
//
// An item: one key with its value, in one block of memory. It is filled by the thread that will
// publish it and belongs to the table from then on; only store.c frees a published item.
#ifndef KV_ITEM_H
#define KV_ITEM_H

#include <perdure/annotations.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { KEY_SIZE_MAX = 250, VALUE_SIZE_MAX = 1 << 20 };

struct PERDURE_PERSISTENT item {
  // Next item of the same bucket.
  struct item *chain;
  // Neighbours in the LRU list.
  PERDURE_RELAXED struct item *newer;
  PERDURE_RELAXED struct item *older;
  uint64_t version; // changes with every update; what `gets` shows and `cas` compares
  int64_t expires;  // seconds since 1970, so that it means the same in every run; 0: never
  uint32_t hash;
  uint32_t flags; // the client's
  uint32_t value_size;
  uint32_t key_size;
  char data[]; // the key, then the value
};

static inline char *item_key(struct item *item) { return item->data; }
static inline char *item_value(struct item *item) { return item->data + item->key_size; }
static inline size_t item_bytes(const struct item *item) {
  return sizeof *item + item->key_size + item->value_size;
}
static inline int item_has_key(struct item *item, uint32_t hash, const char *key, size_t size) {
  return item->hash == hash && item->key_size == size && memcmp(item_key(item), key, size) == 0;
}
static inline int item_is_expired(const struct item *item, int64_t now) {
  return item->expires != 0 && item->expires <= now;
}

uint32_t key_hash(const char *key, size_t size);

// A new item that no other thread knows of; NULL if there is no memory. The value is not filled in.
struct item *item_new(const char *key, size_t key_size, size_t value_size);

#endif
