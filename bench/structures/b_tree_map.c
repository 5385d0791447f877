// SPDX-License-Identifier: Apache-2.0
//
// A B-tree of minimum degree 8 (Cormen et al., chapter 18): full nodes are split on the way down,
// poor ones filled, so that an update never comes back up.
#include "b_tree_map.h"

#include <perdure/annotations.h>
#include <stdlib.h>
#include <string.h>

enum { DEGREE = 8, ENTRIES_MAX = 2 * DEGREE - 1 };

struct entry {
  uint64_t key, value;
};

struct PERDURE_PERSISTENT node {
  int count;
  bool leaf;
  struct entry entries[ENTRIES_MAX];
  struct node *children[ENTRIES_MAX + 1];
};

static struct node *new_node(bool leaf) {
  struct node *node = malloc(sizeof *node);
  node->count = 0;
  node->leaf = leaf;
  return node;
}

// The first entry that is not before KEY.
static int position(const struct node *node, uint64_t key) {
  int i = 0;
  while (i < node->count && node->entries[i].key < key)
    i++;
  return i;
}

static bool is_at(const struct node *node, int i, uint64_t key) {
  return i < node->count && node->entries[i].key == key;
}

static void move_entries(struct node *to, int at, struct node *from, int first, int count) {
  memmove(&to->entries[at], &from->entries[first], (size_t)count * sizeof *to->entries);
}

static void move_children(struct node *to, int at, struct node *from, int first, int count) {
  memmove(&to->children[at], &from->children[first], (size_t)count * sizeof *to->children);
}

// Makes room for an entry at I, and for a child at CHILD.
static void open_gap(struct node *node, int i, int child) {
  move_entries(node, i + 1, node, i, node->count - i);
  if (!node->leaf)
    move_children(node, child + 1, node, child, node->count + 1 - child);
  node->count++;
}

static void close_gap(struct node *node, int i, int child) {
  move_entries(node, i, node, i + 1, node->count - i - 1);
  if (!node->leaf)
    move_children(node, child, node, child + 1, node->count - child);
  node->count--;
}

// REQUIRES: child I is full, NODE is not.
static void split_child(struct node *node, int i) {
  struct node *left = node->children[i], *right = new_node(left->leaf);
  move_entries(right, 0, left, DEGREE, DEGREE - 1);
  if (!left->leaf)
    move_children(right, 0, left, DEGREE, DEGREE);
  right->count = left->count = DEGREE - 1;
  open_gap(node, i, i + 1);
  node->entries[i] = left->entries[DEGREE - 1];
  node->children[i + 1] = right;
}

static void make_room_in_root(struct b_tree *tree) {
  if (!tree->root)
    tree->root = new_node(true);
  if (tree->root->count < ENTRIES_MAX)
    return;
  struct node *above = new_node(false);
  above->children[0] = tree->root;
  tree->root = above;
  split_child(above, 0);
}

bool b_tree_put(struct b_tree *tree, uint64_t key, uint64_t value) {
  make_room_in_root(tree);
  for (struct node *node = tree->root;;) {
    int i = position(node, key);
    if (!is_at(node, i, key) && node->leaf) {
      open_gap(node, i, 0);
      node->entries[i] = (struct entry){key, value};
      return true;
    }
    if (!is_at(node, i, key) && node->children[i]->count == ENTRIES_MAX) {
      split_child(node, i);
      if (node->entries[i].key < key)
        i++;
    }
    if (is_at(node, i, key)) {
      node->entries[i].value = value;
      return false;
    }
    node = node->children[i];
  }
}

bool b_tree_get(const struct b_tree *tree, uint64_t key, uint64_t *value) {
  for (const struct node *node = tree->root; node;) {
    int i = position(node, key);
    if (is_at(node, i, key)) {
      *value = node->entries[i].value;
      return true;
    }
    node = node->leaf ? NULL : node->children[i];
  }
  return false;
}

// Child I, entry I and child I + 1 become child I.
static void merge_children(struct node *node, int i) {
  struct node *left = node->children[i], *right = node->children[i + 1];
  left->entries[left->count] = node->entries[i];
  move_entries(left, left->count + 1, right, 0, right->count);
  if (!left->leaf)
    move_children(left, left->count + 1, right, 0, right->count + 1);
  left->count += right->count + 1;
  close_gap(node, i, i + 1);
  free(right);
}

static void borrow_from_left(struct node *node, int i) {
  struct node *child = node->children[i], *left = node->children[i - 1];
  open_gap(child, 0, 0);
  child->entries[0] = node->entries[i - 1];
  if (!child->leaf)
    child->children[0] = left->children[left->count];
  node->entries[i - 1] = left->entries[left->count - 1];
  left->count--;
}

static void borrow_from_right(struct node *node, int i) {
  struct node *child = node->children[i], *right = node->children[i + 1];
  child->entries[child->count] = node->entries[i];
  if (!child->leaf)
    child->children[child->count + 1] = right->children[0];
  child->count++;
  node->entries[i] = right->entries[0];
  close_gap(right, 0, 0);
}

// Child I, with DEGREE entries at least.
static struct node *filled_child(struct node *node, int i) {
  if (node->children[i]->count >= DEGREE)
    return node->children[i];
  if (i > 0 && node->children[i - 1]->count >= DEGREE)
    borrow_from_left(node, i);
  else if (i < node->count && node->children[i + 1]->count >= DEGREE)
    borrow_from_right(node, i);
  else
    merge_children(node, i < node->count ? i : --i);
  return node->children[i];
}

// Takes out the outermost entry of NODE's tree. REQUIRES: NODE has DEGREE entries.
static struct entry take_outermost(struct node *node, bool last) {
  while (!node->leaf)
    node = filled_child(node, last ? node->count : 0);
  struct entry entry = node->entries[last ? node->count - 1 : 0];
  close_gap(node, last ? node->count - 1 : 0, 0);
  return entry;
}

static bool remove_from(struct node *node, uint64_t key) {
  for (;;) {
    int i = position(node, key);
    bool here = is_at(node, i, key);
    if (node->leaf) {
      if (here)
        close_gap(node, i, 0);
      return here;
    }
    if (!here) {
      node = filled_child(node, i);
    } else if (node->children[i]->count >= DEGREE) {
      node->entries[i] = take_outermost(node->children[i], true);
      return true;
    } else if (node->children[i + 1]->count >= DEGREE) {
      node->entries[i] = take_outermost(node->children[i + 1], false);
      return true;
    } else {
      merge_children(node, i);
      node = node->children[i];
    }
  }
}

bool b_tree_remove(struct b_tree *tree, uint64_t key) {
  struct node *root = tree->root;
  bool found = root && remove_from(root, key);
  if (root && root->count == 0) {
    tree->root = root->leaf ? NULL : root->children[0];
    free(root);
  }
  return found;
}

static bool visit_from(const struct node *node, uint64_t from, b_tree_visitor visit,
                       void *context) {
  for (int i = position(node, from); i <= node->count; i++) {
    if (!node->leaf && !visit_from(node->children[i], from, visit, context))
      return false;
    if (i < node->count && !visit(context, node->entries[i].key, node->entries[i].value))
      return false;
  }
  return true;
}

bool b_tree_visit(const struct b_tree *tree, uint64_t from, b_tree_visitor visit, void *context) {
  return !tree->root || visit_from(tree->root, from, visit, context);
}
