// SPDX-License-Identifier: Apache-2.0
//
// An array whose words are swapped: the fewest stores a transaction can have, or a given number.
#include "structure.h"

#include <perdure/annotations.h>
#include <stdlib.h>

PERDURE_PERSISTENT static uint64_t *words;
PERDURE_PERSISTENT static size_t word_count;

PERDURE_TRANSACTION void array_make(size_t count) {
  free(words);
  words = malloc(count * sizeof *words);
  word_count = count;
  for (size_t i = 0; i < count; i++)
    words[i] = i;
}

PERDURE_TRANSACTION void array_swap(const uint32_t *places, size_t count) {
  for (size_t i = 0; i < count; i += 2) {
    uint64_t word = words[places[i]];
    words[places[i]] = words[places[i + 1]];
    words[places[i + 1]] = word;
  }
}

uint64_t array_sum(void) {
  uint64_t sum = 0;
  for (size_t i = 0; i < word_count; i++)
    sum += words[i];
  return sum;
}
