// SPDX-License-Identifier: Apache-2.0
//
// One B-tree (b_tree_map.h) as a structure of the benchmark.
#include "b_tree_map.h"
#include "structure.h"

#include <perdure/annotations.h>

PERDURE_PERSISTENT static struct b_tree tree;

PERDURE_TRANSACTION static bool put(uint64_t key, uint64_t value) {
  return b_tree_put(&tree, key, value);
}

static bool get(uint64_t key, uint64_t *value) { return b_tree_get(&tree, key, value); }

PERDURE_TRANSACTION static bool remove_key(uint64_t key) { return b_tree_remove(&tree, key); }

struct visit {
  entry_visitor visit;
  void *context;
};

static bool visit_one(void *context, uint64_t key, uint64_t value) {
  struct visit *visit = context;
  visit->visit(visit->context, key, value);
  return true;
}

static void for_each(entry_visitor visit, void *context) {
  struct visit all = {visit, context};
  b_tree_visit(&tree, 0, visit_one, &all);
}

const struct structure b_tree = {"b_tree", false, put, get, remove_key, for_each};
