// SPDX-License-Identifier: Apache-2.0
//
// The LRU list: doubly linked through the items, with its totals, behind one lock.
#include "lru.h"

#include "table.h"

#include <pthread.h>

PERDURE_PERSISTENT static struct lru {
  PERDURE_RELAXED struct item *newest;
  PERDURE_RELAXED struct item *oldest;
  size_t items;
  size_t bytes;
} lru;
PERDURE_LOCK static pthread_mutex_t lru_lock;

void lru_init_lock(void) { pthread_mutex_init(&lru_lock, NULL); }

static void link_newest(struct item *item) {
  item->newer = NULL;
  item->older = lru.newest;
  if (lru.newest)
    lru.newest->newer = item;
  else
    lru.oldest = item;
  lru.newest = item;
}

static void unlink_item(struct item *item) {
  if (item->newer)
    item->newer->older = item->older;
  else
    lru.newest = item->older;
  if (item->older)
    item->older->newer = item->newer;
  else
    lru.oldest = item->newer;
}

void lru_insert(struct item *item) {
  pthread_mutex_lock(&lru_lock);
  link_newest(item);
  lru.items++;
  lru.bytes += item_bytes(item);
  pthread_mutex_unlock(&lru_lock);
}

void lru_remove(struct item *item) {
  pthread_mutex_lock(&lru_lock);
  unlink_item(item);
  lru.items--;
  lru.bytes -= item_bytes(item);
  pthread_mutex_unlock(&lru_lock);
}

void lru_touch(struct item *item) {
  pthread_mutex_lock(&lru_lock);
  if (lru.newest != item) {
    unlink_item(item);
    link_newest(item);
  }
  pthread_mutex_unlock(&lru_lock);
}

size_t lru_items(void) {
  pthread_mutex_lock(&lru_lock);
  size_t items = lru.items;
  pthread_mutex_unlock(&lru_lock);
  return items;
}

size_t lru_bytes(void) {
  pthread_mutex_lock(&lru_lock);
  size_t bytes = lru.bytes;
  pthread_mutex_unlock(&lru_lock);
  return bytes;
}

bool lru_over_limit(size_t limit, uint32_t *hash) {
  pthread_mutex_lock(&lru_lock);
  bool over = lru.bytes > limit && lru.oldest;
  if (over)
    *hash = lru.oldest->hash;
  pthread_mutex_unlock(&lru_lock);
  return over;
}

struct item *lru_oldest(unsigned shard) {
  pthread_mutex_lock(&lru_lock);
  struct item *item = lru.oldest;
  if (item && shard_of(item->hash) != shard)
    item = NULL;
  pthread_mutex_unlock(&lru_lock);
  return item;
}

bool lru_check(void) {
  size_t items = 0, bytes = 0;
  struct item *newer = NULL;
  for (struct item *item = lru.newest; item; item = item->older) {
    bool in_table = table_find(item->hash, item_key(item), item->key_size) == item;
    if (item->newer != newer || !in_table)
      return false;
    items++;
    bytes += item_bytes(item);
    newer = item;
  }
  return lru.oldest == newer && lru.items == items && lru.bytes == bytes;
}
