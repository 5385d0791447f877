// SPDX-License-Identifier: Apache-2.0
//
// An adaptive radix tree (Leis et al., ICDE 2013) over the bytes of a key, the first one on top:
// nodes for 4, 16, 48 and 256 children that grow and do not shrink. A subtree of one key is its
// leaf, whose pointer is odd; bytes that several keys share have a node each.
#include "structure.h"

#include <perdure/annotations.h>
#include <stdlib.h>
#include <string.h>

enum kind { FOUR, SIXTEEN, FORTY_EIGHT, FULL };

struct node {
  uint16_t kind, count;
};

struct PERDURE_PERSISTENT leaf {
  uint64_t key, value;
};

struct PERDURE_PERSISTENT node4 {
  struct node head;
  uint8_t bytes[4];
  void *children[4];
};

struct PERDURE_PERSISTENT node16 {
  struct node head;
  uint8_t bytes[16];
  void *children[16];
};

struct PERDURE_PERSISTENT node48 {
  struct node head;
  uint8_t places[256]; // 0: none, else one more than an index of children
  void *children[48];
};

struct PERDURE_PERSISTENT node256 {
  struct node head;
  void *children[256];
};

PERDURE_PERSISTENT static void *root;

static bool is_leaf(const void *child) { return (uintptr_t)child & 1; }

static struct leaf *leaf_of(const void *child) { return (struct leaf *)((uintptr_t)child - 1); }

static uint8_t byte_at(uint64_t key, int depth) { return (uint8_t)(key >> (56 - 8 * depth)); }

static int index_of(const uint8_t *bytes, int count, uint8_t byte) {
  for (int i = 0; i < count; i++)
    if (bytes[i] == byte)
      return i;
  return -1;
}

// Where the pointer to BYTE's child stands, or null.
static void **child_of(struct node *node, uint8_t byte) {
  int i;
  switch ((enum kind)node->kind) {
  case FOUR:
    i = index_of(((struct node4 *)node)->bytes, node->count, byte);
    return i < 0 ? NULL : &((struct node4 *)node)->children[i];
  case SIXTEEN:
    i = index_of(((struct node16 *)node)->bytes, node->count, byte);
    return i < 0 ? NULL : &((struct node16 *)node)->children[i];
  case FORTY_EIGHT:
    i = ((struct node48 *)node)->places[byte];
    return i == 0 ? NULL : &((struct node48 *)node)->children[i - 1];
  case FULL:
    break;
  }
  void **child = &((struct node256 *)node)->children[byte];
  return *child ? child : NULL;
}

static struct node *new_node4(void) {
  struct node4 *node = malloc(sizeof *node);
  node->head = (struct node){FOUR, 0};
  return &node->head;
}

static struct node *to_16(struct node4 *old) {
  struct node16 *node = malloc(sizeof *node);
  node->head = (struct node){SIXTEEN, old->head.count};
  memcpy(node->bytes, old->bytes, sizeof old->bytes);
  memcpy(node->children, old->children, sizeof old->children);
  free(old);
  return &node->head;
}

static struct node *to_48(struct node16 *old) {
  struct node48 *node = calloc(1, sizeof *node);
  node->head = (struct node){FORTY_EIGHT, old->head.count};
  for (int i = 0; i < old->head.count; i++) {
    node->places[old->bytes[i]] = (uint8_t)(i + 1);
    node->children[i] = old->children[i];
  }
  free(old);
  return &node->head;
}

static struct node *to_256(struct node48 *old) {
  struct node256 *node = calloc(1, sizeof *node);
  node->head = (struct node){FULL, old->head.count};
  for (int byte = 0; byte < 256; byte++)
    if (old->places[byte])
      node->children[byte] = old->children[old->places[byte] - 1];
  free(old);
  return &node->head;
}

// NODE, or a larger one in its place, with room for another child.
static struct node *with_room(struct node *node) {
  switch ((enum kind)node->kind) {
  case FOUR:
    return node->count < 4 ? node : to_16((struct node4 *)node);
  case SIXTEEN:
    return node->count < 16 ? node : to_48((struct node16 *)node);
  case FORTY_EIGHT:
    return node->count < 48 ? node : to_256((struct node48 *)node);
  case FULL:
    break;
  }
  return node;
}

static int free_place(const struct node48 *node) {
  int i = 0;
  while (node->children[i])
    i++;
  return i;
}

// REQUIRES: NODE has room, and no child for BYTE.
static void add_child(struct node *node, uint8_t byte, void *child) {
  int i = node->count++;
  switch ((enum kind)node->kind) {
  case FOUR:
    ((struct node4 *)node)->bytes[i] = byte;
    ((struct node4 *)node)->children[i] = child;
    break;
  case SIXTEEN:
    ((struct node16 *)node)->bytes[i] = byte;
    ((struct node16 *)node)->children[i] = child;
    break;
  case FORTY_EIGHT:
    i = free_place((struct node48 *)node);
    ((struct node48 *)node)->places[byte] = (uint8_t)(i + 1);
    ((struct node48 *)node)->children[i] = child;
    break;
  case FULL:
    ((struct node256 *)node)->children[byte] = child;
    break;
  }
}

// The last child takes the place of the one that goes.
static void close_place(uint8_t *bytes, void **children, int last, uint8_t byte) {
  int i = index_of(bytes, last + 1, byte);
  bytes[i] = bytes[last];
  children[i] = children[last];
}

static void remove_child(struct node *node, uint8_t byte) {
  int last = --node->count;
  switch ((enum kind)node->kind) {
  case FOUR:
    close_place(((struct node4 *)node)->bytes, ((struct node4 *)node)->children, last, byte);
    break;
  case SIXTEEN:
    close_place(((struct node16 *)node)->bytes, ((struct node16 *)node)->children, last, byte);
    break;
  case FORTY_EIGHT:
    *child_of(node, byte) = NULL;
    ((struct node48 *)node)->places[byte] = 0;
    break;
  case FULL:
    ((struct node256 *)node)->children[byte] = NULL;
    break;
  }
}

static void *new_leaf(uint64_t key, uint64_t value) {
  struct leaf *leaf = malloc(sizeof *leaf);
  *leaf = (struct leaf){key, value};
  return (char *)leaf + 1;
}

// Nodes for the bytes that LEAF's key and the one of OTHER share from DEPTH on, and one below them.
static void split_leaf(void **link, void *leaf, void *other, int depth) {
  uint64_t key = leaf_of(leaf)->key, other_key = leaf_of(other)->key;
  for (;; depth++) {
    struct node *node = new_node4();
    *link = node;
    uint8_t byte = byte_at(key, depth), other_byte = byte_at(other_key, depth);
    if (byte != other_byte) {
      add_child(node, byte, leaf);
      add_child(node, other_byte, other);
      return;
    }
    add_child(node, byte, NULL);
    link = &((struct node4 *)node)->children[0];
  }
}

PERDURE_TRANSACTION static bool put(uint64_t key, uint64_t value) {
  void **link = &root;
  int depth = 0;
  for (; *link && !is_leaf(*link); depth++) {
    struct node *node = *link;
    void **child = child_of(node, byte_at(key, depth));
    if (!child) {
      struct node *roomy = with_room(node);
      if (roomy != node)
        *link = roomy;
      add_child(roomy, byte_at(key, depth), new_leaf(key, value));
      return true;
    }
    link = child;
  }
  if (!*link) {
    *link = new_leaf(key, value);
    return true;
  }
  struct leaf *leaf = leaf_of(*link);
  if (leaf->key == key) {
    leaf->value = value;
    return false;
  }
  split_leaf(link, *link, new_leaf(key, value), depth);
  return true;
}

static bool get(uint64_t key, uint64_t *value) {
  void *const *link = &root;
  for (int depth = 0; link && *link && !is_leaf(*link); depth++)
    link = child_of(*link, byte_at(key, depth));
  if (!link || !*link || leaf_of(*link)->key != key)
    return false;
  *value = leaf_of(*link)->value;
  return true;
}

// Nodes above that are left without a child stay: a later put finds them.
PERDURE_TRANSACTION static bool remove_key(uint64_t key) {
  void **link = &root;
  struct node *above = NULL;
  int depth = 0;
  for (; link && *link && !is_leaf(*link); depth++) {
    above = *link;
    link = child_of(above, byte_at(key, depth));
  }
  if (!link || !*link || leaf_of(*link)->key != key)
    return false;
  free(leaf_of(*link));
  if (above)
    remove_child(above, byte_at(key, depth - 1));
  else
    root = NULL;
  return true;
}

static void visit_tree(void *child, entry_visitor visit, void *context) {
  if (is_leaf(child)) {
    visit(context, leaf_of(child)->key, leaf_of(child)->value);
    return;
  }
  for (int byte = 0; byte < 256; byte++) {
    void **below = child_of(child, (uint8_t)byte);
    if (below)
      visit_tree(*below, visit, context);
  }
}

static void for_each(entry_visitor visit, void *context) {
  if (root)
    visit_tree(root, visit, context);
}

const struct structure radix_tree = {"radix_tree", false, put, get, remove_key, for_each};
