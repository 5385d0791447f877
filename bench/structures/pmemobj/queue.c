// SPDX-License-Identifier: Apache-2.0
//
// ../queue.c on libpmemobj.
#include "../structure.h"
#include "peer_pool.h"

struct node {
  struct node *next;
  uint64_t key, value;
};

struct entries {
  struct node *oldest, *newest;
};

static struct entries *entries(void) {
  static struct entries *cached;
  if (!cached)
    cached = (struct entries *)peer_root()->queue;
  return cached;
}

static bool put(uint64_t key, uint64_t value) {
  TX_BEGIN(peer_pool) {
    struct node *node = peer_alloc(sizeof *node);
    *node = (struct node){NULL, key, value};
    SNAPSHOT(entries());
    struct node **link = entries()->oldest ? &entries()->newest->next : &entries()->oldest;
    SNAPSHOT(link);
    *link = node;
    entries()->newest = node;
  }
  TX_END
  return true;
}

static bool get(uint64_t key, uint64_t *value) {
  (void)key;
  if (entries()->oldest)
    *value = entries()->oldest->value;
  return entries()->oldest != NULL;
}

static bool remove_oldest(uint64_t key) {
  (void)key;
  struct node *node = entries()->oldest;
  if (!node)
    return false;
  TX_BEGIN(peer_pool) {
    SNAPSHOT(&entries()->oldest);
    entries()->oldest = node->next;
    peer_free(node);
  }
  TX_END
  return true;
}

static void for_each(entry_visitor visit, void *context) {
  for (const struct node *node = entries()->oldest; node; node = node->next)
    visit(context, node->key, node->value);
}

const struct structure queue = {"queue", true, put, get, remove_oldest, for_each};
