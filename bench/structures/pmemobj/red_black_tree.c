// SPDX-License-Identifier: Apache-2.0
//
// ../red_black_tree.c on libpmemobj. A node is snapshotted whole before its first change.
#include "../structure.h"
#include "peer_pool.h"

enum { LEFT, RIGHT };

struct node {
  struct node *parent, *child[2];
  uint64_t key, value;
  bool red;
};

static struct node **root(void) {
  static struct node **cached;
  if (!cached)
    cached = (struct node **)peer_root()->red_black_tree;
  return cached;
}

static void paint(struct node *node, bool red) {
  SNAPSHOT(node);
  node->red = red;
}

static bool is_red(const struct node *node) { return node && node->red; }

static int side_of(const struct node *node) { return node->parent->child[RIGHT] == node; }

// The link that leads to NODE from above.
static struct node **link_to(struct node *node) {
  return node->parent ? &node->parent->child[side_of(node)] : root();
}

// NODE's child on the other side comes up, NODE goes down to SIDE.
static void rotate(struct node *node, int side) {
  struct node *up = node->child[!side], *between = up->child[side];
  struct node **link = link_to(node);
  SNAPSHOT(node);
  SNAPSHOT(up);
  SNAPSHOT(link);
  *link = up;
  up->parent = node->parent;
  up->child[side] = node;
  node->parent = up;
  node->child[!side] = between;
  if (between) {
    SNAPSHOT(between);
    between->parent = node;
  }
}

static void balance_after_insertion(struct node *node) {
  while (is_red(node->parent)) {
    struct node *parent = node->parent, *above = parent->parent;
    int side = side_of(parent);
    struct node *uncle = above->child[!side];
    if (is_red(uncle)) {
      paint(parent, false);
      paint(uncle, false);
      paint(above, true);
      node = above;
      continue;
    }
    if (side_of(node) != side) {
      rotate(parent, side);
      parent = node;
    }
    paint(parent, false);
    paint(above, true);
    rotate(above, !side);
    break;
  }
  if ((*root())->red)
    paint(*root(), false);
}

static bool put(uint64_t key, uint64_t value) {
  struct node *parent = NULL, **link = root();
  while (*link) {
    parent = *link;
    if (parent->key == key) {
      TX_BEGIN(peer_pool) {
        SNAPSHOT(&parent->value);
        parent->value = value;
      }
      TX_END
      return false;
    }
    link = &parent->child[parent->key < key];
  }
  TX_BEGIN(peer_pool) {
    struct node *node = peer_alloc(sizeof *node);
    *node = (struct node){parent, {NULL, NULL}, key, value, true};
    SNAPSHOT(link);
    *link = node;
    balance_after_insertion(node);
  }
  TX_END
  return true;
}

static struct node *find(uint64_t key) {
  struct node *node = *root();
  while (node && node->key != key)
    node = node->child[node->key < key];
  return node;
}

static bool get(uint64_t key, uint64_t *value) {
  const struct node *node = find(key);
  if (node)
    *value = node->value;
  return node != NULL;
}

// The way through PARENT's child at SIDE lacks a black node.
static void balance_after_removal(struct node *parent, int side) {
  for (struct node *node = parent->child[side]; !is_red(node);) {
    struct node *sibling = parent->child[!side];
    if (sibling->red) {
      paint(sibling, false);
      paint(parent, true);
      rotate(parent, side);
      sibling = parent->child[!side];
    }
    if (!is_red(sibling->child[LEFT]) && !is_red(sibling->child[RIGHT])) {
      paint(sibling, true);
      node = parent;
      if (!node->parent)
        break;
      side = side_of(node);
      parent = node->parent;
      continue;
    }
    if (!is_red(sibling->child[!side])) {
      paint(sibling->child[side], false);
      paint(sibling, true);
      rotate(sibling, !side);
      sibling = parent->child[!side];
    }
    paint(sibling, parent->red);
    paint(parent, false);
    paint(sibling->child[!side], false);
    rotate(parent, side);
    return;
  }
  struct node *node = is_red(parent->child[side]) ? parent->child[side] : *root();
  if (node->red)
    paint(node, false);
}

// Takes NODE, which has one child at most, out of the tree.
static void unlink_node(struct node *node) {
  struct node *child = node->child[LEFT] ? node->child[LEFT] : node->child[RIGHT];
  struct node *parent = node->parent;
  int side = parent ? side_of(node) : LEFT;
  struct node **link = link_to(node);
  SNAPSHOT(link);
  *link = child;
  if (child) {
    SNAPSHOT(child);
    child->parent = parent;
  }
  if (node->red)
    return;
  if (is_red(child))
    paint(child, false);
  else if (parent)
    balance_after_removal(parent, side);
}

static bool remove_key(uint64_t key) {
  struct node *node = find(key);
  if (!node)
    return false;
  TX_BEGIN(peer_pool) {
    if (node->child[LEFT] && node->child[RIGHT]) {
      struct node *next = node->child[RIGHT];
      while (next->child[LEFT])
        next = next->child[LEFT];
      SNAPSHOT(node);
      node->key = next->key;
      node->value = next->value;
      node = next;
    }
    unlink_node(node);
    peer_free(node);
  }
  TX_END
  return true;
}

static void for_each(entry_visitor visit, void *context) {
  struct node *node = *root();
  while (node && node->child[LEFT])
    node = node->child[LEFT];
  while (node) {
    visit(context, node->key, node->value);
    if (node->child[RIGHT]) {
      for (node = node->child[RIGHT]; node->child[LEFT];)
        node = node->child[LEFT];
    } else {
      while (node->parent && side_of(node) == RIGHT)
        node = node->parent;
      node = node->parent;
    }
  }
}

const struct structure red_black_tree = {"red_black_tree", false, put, get, remove_key, for_each};
