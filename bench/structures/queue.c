// SPDX-License-Identifier: Apache-2.0
//
// A queue of nodes linked from the oldest to the newest.
#include "structure.h"

#include <perdure/annotations.h>
#include <stdlib.h>

struct PERDURE_PERSISTENT node {
  struct node *next;
  uint64_t key, value;
};

PERDURE_PERSISTENT static struct {
  struct node *oldest, *newest;
} entries;

PERDURE_TRANSACTION static bool put(uint64_t key, uint64_t value) {
  struct node *node = malloc(sizeof *node);
  *node = (struct node){NULL, key, value};
  *(entries.oldest ? &entries.newest->next : &entries.oldest) = node;
  entries.newest = node;
  return true;
}

static bool get(uint64_t key, uint64_t *value) {
  (void)key;
  if (entries.oldest)
    *value = entries.oldest->value;
  return entries.oldest != NULL;
}

PERDURE_TRANSACTION static bool remove_oldest(uint64_t key) {
  (void)key;
  struct node *node = entries.oldest;
  if (!node)
    return false;
  entries.oldest = node->next;
  free(node);
  return true;
}

static void for_each(entry_visitor visit, void *context) {
  for (const struct node *node = entries.oldest; node; node = node->next)
    visit(context, node->key, node->value);
}

const struct structure queue = {"queue", true, put, get, remove_oldest, for_each};
