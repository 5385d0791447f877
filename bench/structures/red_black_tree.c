// SPDX-License-Identifier: Apache-2.0
//
// A red-black tree with parent pointers (Cormen et al., chapter 13). Missing children are null and
// count as black.
#include "structure.h"

#include <perdure/annotations.h>
#include <stdlib.h>

enum { LEFT, RIGHT };

struct PERDURE_PERSISTENT node {
  struct node *parent, *child[2];
  uint64_t key, value;
  bool red;
};

PERDURE_PERSISTENT static struct node *root;

static bool is_red(const struct node *node) { return node && node->red; }

static int side_of(const struct node *node) { return node->parent->child[RIGHT] == node; }

// The link that leads to NODE from above.
static struct node **link_to(struct node *node) {
  return node->parent ? &node->parent->child[side_of(node)] : &root;
}

// NODE's child on the other side comes up, NODE goes down to SIDE.
static void rotate(struct node *node, int side) {
  struct node *up = node->child[!side], *between = up->child[side];
  *link_to(node) = up;
  up->parent = node->parent;
  up->child[side] = node;
  node->parent = up;
  node->child[!side] = between;
  if (between)
    between->parent = node;
}

static void balance_after_insertion(struct node *node) {
  while (is_red(node->parent)) {
    struct node *parent = node->parent, *above = parent->parent;
    int side = side_of(parent);
    struct node *uncle = above->child[!side];
    if (is_red(uncle)) {
      parent->red = uncle->red = false;
      above->red = true;
      node = above;
      continue;
    }
    if (side_of(node) != side) {
      rotate(parent, side);
      parent = node;
    }
    parent->red = false;
    above->red = true;
    rotate(above, !side);
    break;
  }
  if (root->red)
    root->red = false;
}

PERDURE_TRANSACTION static bool put(uint64_t key, uint64_t value) {
  struct node *parent = NULL, **link = &root;
  while (*link) {
    parent = *link;
    if (parent->key == key) {
      parent->value = value;
      return false;
    }
    link = &parent->child[parent->key < key];
  }
  struct node *node = malloc(sizeof *node);
  *node = (struct node){parent, {NULL, NULL}, key, value, true};
  *link = node;
  balance_after_insertion(node);
  return true;
}

static struct node *find(uint64_t key) {
  struct node *node = root;
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
      sibling->red = false;
      parent->red = true;
      rotate(parent, side);
      sibling = parent->child[!side];
    }
    if (!is_red(sibling->child[LEFT]) && !is_red(sibling->child[RIGHT])) {
      sibling->red = true;
      node = parent;
      if (!node->parent)
        break;
      side = side_of(node);
      parent = node->parent;
      continue;
    }
    if (!is_red(sibling->child[!side])) {
      sibling->child[side]->red = false;
      sibling->red = true;
      rotate(sibling, !side);
      sibling = parent->child[!side];
    }
    sibling->red = parent->red;
    parent->red = false;
    sibling->child[!side]->red = false;
    rotate(parent, side);
    return;
  }
  struct node *node = is_red(parent->child[side]) ? parent->child[side] : root;
  if (node->red)
    node->red = false;
}

// Takes NODE, which has one child at most, out of the tree.
static void unlink_node(struct node *node) {
  struct node *child = node->child[LEFT] ? node->child[LEFT] : node->child[RIGHT];
  struct node *parent = node->parent;
  int side = parent ? side_of(node) : LEFT;
  *link_to(node) = child;
  if (child)
    child->parent = parent;
  if (node->red)
    return;
  if (is_red(child))
    child->red = false;
  else if (parent)
    balance_after_removal(parent, side);
}

PERDURE_TRANSACTION static bool remove_key(uint64_t key) {
  struct node *node = find(key);
  if (!node)
    return false;
  if (node->child[LEFT] && node->child[RIGHT]) {
    struct node *next = node->child[RIGHT];
    while (next->child[LEFT])
      next = next->child[LEFT];
    node->key = next->key;
    node->value = next->value;
    node = next;
  }
  unlink_node(node);
  free(node);
  return true;
}

static void for_each(entry_visitor visit, void *context) {
  struct node *node = root;
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
