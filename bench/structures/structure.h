// SPDX-License-Identifier: Apache-2.0
//
// The data structures as the drivers see them: ordinary in-memory C and C++ of the kind that is
// ported, one instance each, of 64-bit keys and values. One source serves the plain build and the
// ported one; a few annotations say what is persistent. Each call of put and remove is a
// transaction. No structure locks:
// who calls from several threads holds the lock of driver.h.
#ifndef STRUCTURE_H
#define STRUCTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef void (*entry_visitor)(void *context, uint64_t key, uint64_t value);

struct structure {
  const char *name;
  bool is_fifo; // put appends, get looks at the oldest entry, remove takes it; keys are not looked
                // up
  bool (*put)(uint64_t key, uint64_t value); // true: the key is new
  bool (*get)(uint64_t key, uint64_t *value);
  bool (*remove)(uint64_t key); // false: it is not there
  void (*for_each)(entry_visitor visit, void *context);
};

// The structures linked into this program, up to a null.
extern const struct structure *const structures[];

// An array of words, COUNT of which (even) a transaction swaps pairwise.
void array_make(size_t words);
void array_swap(const uint32_t *places, size_t count);
uint64_t array_sum(void); // the same after any number of swaps

#ifdef __cplusplus
}
#endif

#endif
