// SPDX-License-Identifier: Apache-2.0
#include "../structure.h"
#include "peer_pool.h"

struct array {
  uint64_t *words;
  size_t word_count;
};

static struct array *array(void) {
  static struct array *cached;
  if (!cached)
    cached = (struct array *)peer_root()->array;
  return cached;
}

void array_make(size_t count) {
  TX_BEGIN(peer_pool) {
    SNAPSHOT(array());
    array()->words = peer_alloc(count * sizeof(uint64_t));
    array()->word_count = count;
    for (size_t i = 0; i < count; i++)
      array()->words[i] = i;
  }
  TX_END
}

void array_swap(const uint32_t *places, size_t count) {
  uint64_t *words = array()->words;
  TX_BEGIN(peer_pool) {
    for (size_t i = 0; i < count; i += 2) {
      uint64_t *one = &words[places[i]], *other = &words[places[i + 1]];
      SNAPSHOT(one);
      SNAPSHOT(other);
      uint64_t word = *one;
      *one = *other;
      *other = word;
    }
  }
  TX_END
}

uint64_t array_sum(void) {
  uint64_t sum = 0;
  for (size_t i = 0; i < array()->word_count; i++)
    sum += array()->words[i];
  return sum;
}
