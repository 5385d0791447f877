// SPDX-License-Identifier: Apache-2.0
//
// A cache of bounded bytes: items in a fixed hash table and in a list by use; a get moves an item
// to the front, a put evicts from the back. Values are part of their items, which realloc moves.
#include "structure.h"

#include <perdure/annotations.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 16, BYTES_MAX = 8000 };

struct PERDURE_PERSISTENT item {
  struct item *chain, *newer, *older;
  uint64_t key;
  size_t size;
  char value[];
};

PERDURE_PERSISTENT static struct item *buckets[BUCKETS];
PERDURE_PERSISTENT static struct {
  struct item *newest, *oldest;
  size_t bytes;
} list;

static struct item **find(uint64_t key) {
  struct item **link = &buckets[key % BUCKETS];
  while (*link && (*link)->key != key)
    link = &(*link)->chain;
  return link;
}

static void push_newest(struct item *item) {
  item->newer = NULL;
  half_done();
  item->older = list.newest;
  *(list.newest ? &list.newest->newer : &list.oldest) = item;
  list.newest = item;
}

static void unlink_from_list(struct item *item) {
  *(item->newer ? &item->newer->older : &list.newest) = item->older;
  *(item->older ? &item->older->newer : &list.oldest) = item->newer;
}

static void drop(struct item **link) {
  struct item *item = *link;
  *link = item->chain;
  unlink_from_list(item);
  half_done();
  list.bytes -= item->size;
  free(item);
}

PERDURE_TRANSACTION static void put(uint64_t key, const void *value, size_t size) {
  struct item **link = find(key);
  struct item *item = *link;
  if (item) {
    unlink_from_list(item);
    list.bytes -= item->size;
    item = (struct item *)realloc(item, sizeof *item + size);
  } else {
    item = malloc(sizeof *item + size);
    item->chain = NULL;
    item->key = key;
  }
  *link = item;
  item->size = size;
  memcpy(item->value, value, size);
  list.bytes += size;
  push_newest(item);
  while (list.bytes > BYTES_MAX)
    drop(find(list.oldest->key));
}

PERDURE_TRANSACTION static void get(uint64_t key) {
  struct item *item = *find(key);
  if (item) {
    unlink_from_list(item);
    push_newest(item);
  }
}

PERDURE_TRANSACTION static void remove_key(uint64_t key) {
  struct item **link = find(key);
  if (*link)
    drop(link);
}

PERDURE_TRANSACTION static void clear(void) {
  while (list.oldest)
    drop(find(list.oldest->key));
}

static void for_each(entry_visitor visit, void *context) {
  for (struct item *item = list.newest; item; item = item->older)
    visit(context, item->key, item->value, item->size);
}

static const char *verify(block_visitor visit, void *context) {
  size_t bytes = 0, in_list = 0, in_table = 0;
  struct item *newer = NULL;
  for (struct item *item = list.newest; item; newer = item, item = item->older) {
    if (item->newer != newer)
      return "the list does not lead back";
    if (*find(item->key) != item)
      return "an item of the list is not in the table";
    visit(context, item);
    bytes += item->size;
    in_list++;
  }
  for (size_t i = 0; i < BUCKETS; i++)
    for (struct item *item = buckets[i]; item && in_table <= in_list; item = item->chain)
      in_table++;
  if (list.oldest != newer)
    return "the list's end is not its oldest item";
  if (in_table != in_list)
    return "the table and the list have different items";
  return bytes == list.bytes && bytes <= BYTES_MAX ? NULL : "the bytes are counted wrongly";
}

const struct structure lru_cache = {"lru_cache", 1500,  put,      remove_key,
                                    get,         clear, for_each, verify};
