// SPDX-License-Identifier: Apache-2.0
//
// A B-tree of 64-bit keys and values. It neither locks nor begins a transaction: its users do.
#ifndef B_TREE_MAP_H
#define B_TREE_MAP_H

#include <stdbool.h>
#include <stdint.h>

struct b_tree {
  struct node *root; // null: empty
};

bool b_tree_put(struct b_tree *tree, uint64_t key, uint64_t value); // true: the key is new
bool b_tree_get(const struct b_tree *tree, uint64_t key, uint64_t *value);
bool b_tree_remove(struct b_tree *tree, uint64_t key); // false: it is not there

// Calls VISIT for each key not before FROM, in order, until it returns false; returns what it
// returned last.
typedef bool (*b_tree_visitor)(void *context, uint64_t key, uint64_t value);
bool b_tree_visit(const struct b_tree *tree, uint64_t from, b_tree_visitor visit, void *context);

#endif
