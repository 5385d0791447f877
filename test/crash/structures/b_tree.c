// SPDX-License-Identifier: Apache-2.0
//
// A B-tree of minimum degree 3 (Cormen et al., chapter 18): full nodes are split on the way down,
// poor ones filled, so that an update never comes back up.
#include "structure.h"

#include <perdure/annotations.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { DEGREE = 3, ENTRIES_MAX = 2 * DEGREE - 1, VALUE_SIZE_MAX = 20 };

struct entry {
  uint64_t key;
  uint32_t size;
  char value[VALUE_SIZE_MAX];
};

struct PERDURE_PERSISTENT node {
  bool leaf;
  int count;
  struct entry entries[ENTRIES_MAX];
  struct node *children[ENTRIES_MAX + 1];
};

PERDURE_PERSISTENT static struct node *root;

static struct node *new_node(bool leaf) {
  struct node *node = calloc(1, sizeof *node);
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
  half_done();
  node->count--;
}

// REQUIRES: child I is full, NODE is not.
static void split_child(struct node *node, int i) {
  struct node *left = node->children[i], *right = new_node(left->leaf);
  move_entries(right, 0, left, DEGREE, DEGREE - 1);
  if (!left->leaf)
    move_children(right, 0, left, DEGREE, DEGREE);
  right->count = left->count = DEGREE - 1;
  half_done();
  open_gap(node, i, i + 1);
  node->entries[i] = left->entries[DEGREE - 1];
  node->children[i + 1] = right;
}

static void set_value(struct entry *entry, const void *value, size_t size) {
  entry->size = (uint32_t)size;
  half_done();
  memcpy(entry->value, value, size);
}

// The entry of KEY, made if it was not there.
static struct entry *find_or_insert(uint64_t key) {
  if (!root)
    root = new_node(true);
  if (root->count == ENTRIES_MAX) {
    struct node *above = new_node(false);
    above->children[0] = root;
    root = above;
    split_child(root, 0);
  }
  struct node *node = root;
  for (;;) {
    int i = position(node, key);
    if (is_at(node, i, key))
      return &node->entries[i];
    if (node->leaf) {
      open_gap(node, i, 0);
      node->entries[i].key = key;
      return &node->entries[i];
    }
    if (node->children[i]->count == ENTRIES_MAX) {
      split_child(node, i);
      if (is_at(node, i, key))
        return &node->entries[i];
      i += node->entries[i].key < key;
    }
    node = node->children[i];
  }
}

PERDURE_TRANSACTION static void put(uint64_t key, const void *value, size_t size) {
  set_value(find_or_insert(key), value, size);
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

// Child I, with DEGREE entries at least; its neighbour's number may have become its own.
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

static void remove_from(struct node *node, uint64_t key) {
  for (;;) {
    int i = position(node, key);
    bool here = is_at(node, i, key);
    if (node->leaf) {
      if (here)
        close_gap(node, i, 0);
      return;
    }
    if (!here) {
      node = filled_child(node, i);
    } else if (node->children[i]->count >= DEGREE) {
      node->entries[i] = take_outermost(node->children[i], true);
      return;
    } else if (node->children[i + 1]->count >= DEGREE) {
      node->entries[i] = take_outermost(node->children[i + 1], false);
      return;
    } else {
      merge_children(node, i);
      node = node->children[i];
    }
  }
}

PERDURE_TRANSACTION static void remove_key(uint64_t key) {
  if (!root)
    return;
  remove_from(root, key);
  if (root->count == 0) {
    struct node *old = root;
    root = old->leaf ? NULL : old->children[0];
    free(old);
  }
}

static void get(uint64_t key) { (void)key; }

static void free_tree(struct node *node) {
  for (int i = 0; !node->leaf && i <= node->count; i++)
    free_tree(node->children[i]);
  free(node);
}

PERDURE_TRANSACTION static void clear(void) {
  if (root)
    free_tree(root);
  root = NULL;
}

static void visit_tree(const struct node *node, entry_visitor visit, void *context) {
  for (int i = 0; i <= node->count; i++) {
    if (!node->leaf)
      visit_tree(node->children[i], visit, context);
    if (i < node->count)
      visit(context, node->entries[i].key, node->entries[i].value, node->entries[i].size);
  }
}

static void for_each(entry_visitor visit, void *context) {
  if (root)
    visit_tree(root, visit, context);
}

struct walk {
  block_visitor visit;
  void *context;
  int leaf_depth; // -1: no leaf yet
  const struct entry *before;
};

static const char *verify_tree(const struct node *node, int depth, struct walk *walk) {
  if (node->count > ENTRIES_MAX || node->count < (node == root ? 1 : DEGREE - 1))
    return "a node has too many or too few entries";
  walk->visit(walk->context, node);
  if (node->leaf && walk->leaf_depth >= 0 && walk->leaf_depth != depth)
    return "leaves are at different depths";
  if (node->leaf)
    walk->leaf_depth = depth;
  for (int i = 0; i <= node->count; i++) {
    const char *problem = node->leaf ? NULL : verify_tree(node->children[i], depth + 1, walk);
    if (problem)
      return problem;
    if (i < node->count && walk->before && walk->before->key >= node->entries[i].key)
      return "entries are out of order";
    if (i < node->count)
      walk->before = &node->entries[i];
  }
  return NULL;
}

static const char *verify(block_visitor visit, void *context) {
  struct walk walk = {visit, context, -1, NULL};
  return root ? verify_tree(root, 0, &walk) : NULL;
}

const struct structure b_tree = {"b_tree", VALUE_SIZE_MAX, put,      remove_key,
                                 get,      clear,          for_each, verify};
