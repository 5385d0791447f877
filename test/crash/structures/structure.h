// SPDX-License-Identifier: Apache-2.0
//
// The three ported structures as the crash test drives them: ordinary in-memory C of the kind that
// is ported, one instance each, with a few annotations. Each call but the last two is a
// transaction.
#ifndef STRUCTURE_H
#define STRUCTURE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef void (*entry_visitor)(void *context, uint64_t key, const void *value, size_t size);
typedef void (*block_visitor)(void *context, const void *block);

struct structure {
  const char *name;
  size_t value_size_max;
  void (*put)(uint64_t key, const void *value, size_t size); // 1 <= size <= value_size_max
  void (*remove)(uint64_t key);                              // no effect if it is not there
  void (*get)(uint64_t key);
  void (*clear)(void);
  void (*for_each)(entry_visitor visit, void *context);
  // Walks the structure and calls VISIT for each block of memory it consists of. Returns what is
  // wrong, or NULL.
  const char *(*verify)(block_visitor visit, void *context);
};

// The structures call it where an update is half done. The test lets a cut try to fall there.
void half_done(void);

extern const struct structure hash_map, b_tree, lru_cache;

#ifdef __cplusplus
}
#endif

#endif
