// SPDX-License-Identifier: Apache-2.0
//
// A doubly linked list in order of last change, as a cache keeps its entries: what is put comes to
// the front. A table of pointers, one for each slot of the key space, leads to the nodes, so that
// the list's own stores are what is measured.
#include "structure.h"

#include <perdure/annotations.h>
#include <stdlib.h>

enum { SLOTS_FIRST = 1024 };

struct PERDURE_PERSISTENT node {
  struct node *newer, *older;
  struct node *same_slot; // another key's node
  uint64_t key, value;
};

PERDURE_PERSISTENT static struct {
  struct node *newest, *oldest;
  struct node **slots;
  size_t slot_count, node_count;
} list;

static struct node **slot_of(uint64_t key) {
  return &list.slots[(key * 0x9e3779b97f4a7c15u >> 24) & (list.slot_count - 1)];
}

static struct node **find(uint64_t key) {
  struct node **link = slot_of(key);
  while (*link && (*link)->key != key)
    link = &(*link)->same_slot;
  return link;
}

static void make_slots(void) {
  free(list.slots);
  list.slot_count = list.slot_count ? 2 * list.slot_count : SLOTS_FIRST;
  list.slots = calloc(list.slot_count, sizeof *list.slots);
  for (struct node *node = list.newest; node; node = node->older) {
    struct node **slot = slot_of(node->key);
    node->same_slot = *slot;
    *slot = node;
  }
}

static void push_newest(struct node *node) {
  node->newer = NULL;
  node->older = list.newest;
  *(list.newest ? &list.newest->newer : &list.oldest) = node;
  list.newest = node;
}

static void unlink_node(struct node *node) {
  *(node->newer ? &node->newer->older : &list.newest) = node->older;
  *(node->older ? &node->older->newer : &list.oldest) = node->newer;
}

PERDURE_TRANSACTION static bool put(uint64_t key, uint64_t value) {
  if (list.node_count >= list.slot_count)
    make_slots();
  struct node **link = find(key), *node = *link;
  bool is_new = !node;
  if (is_new) {
    node = malloc(sizeof *node);
    node->same_slot = NULL;
    node->key = key;
    *link = node;
    list.node_count++;
  } else {
    unlink_node(node);
  }
  node->value = value;
  push_newest(node);
  return is_new;
}

static bool get(uint64_t key, uint64_t *value) {
  const struct node *node = list.slots ? *find(key) : NULL;
  if (node)
    *value = node->value;
  return node != NULL;
}

PERDURE_TRANSACTION static bool remove_key(uint64_t key) {
  struct node **link = list.slots ? find(key) : NULL;
  if (!link || !*link)
    return false;
  struct node *node = *link;
  *link = node->same_slot;
  unlink_node(node);
  free(node);
  list.node_count--;
  return true;
}

static void for_each(entry_visitor visit, void *context) {
  for (const struct node *node = list.newest; node; node = node->older)
    visit(context, node->key, node->value);
}

const struct structure linked_list = {"linked_list", false, put, get, remove_key, for_each};
