// SPDX-License-Identifier: Apache-2.0
//
// Allocation of items and the hash of their keys (32-bit FNV-1a with a final mix, because both the
// high bits, which choose the shard, and the low ones, which choose the bucket, are used).
#include "item.h"

#include <stdlib.h>

uint32_t key_hash(const char *key, size_t size) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < size; i++)
    hash = (hash ^ (uint8_t)key[i]) * 16777619u;
  hash = (hash ^ (hash >> 16)) * 0x7feb352du;
  return hash ^ (hash >> 15);
}

struct item *item_new(const char *key, size_t key_size, size_t value_size) {
  struct item *item = malloc(sizeof(struct item) + key_size + value_size);
  if (!item)
    return NULL;
  *item = (struct item){.hash = key_hash(key, key_size),
                        .key_size = (uint32_t)key_size,
                        .value_size = (uint32_t)value_size};
  memcpy(item_key(item), key, key_size);
  return item;
}
