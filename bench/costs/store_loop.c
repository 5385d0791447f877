// SPDX-License-Identifier: Apache-2.0
//
// 1000 stores between two breakpoints, for count_instructions: to words of the heap whose order is
// not known, so that each has a hook of its own.
#include <perdure/annotations.h>
#include <stdint.h>
#include <stdlib.h>

enum { WORDS = 1024, STORES = 1000 };

PERDURE_PERSISTENT static uint64_t *words;

__attribute__((noinline)) static void store_all(uint64_t *to, const uint32_t *places) {
  for (int i = 0; i < STORES; i++)
    to[places[i]] = (uint64_t)i;
}

PERDURE_TRANSACTION static void update(const uint32_t *places, int counted) {
  if (!words)
    words = calloc(WORDS, sizeof *words);
  if (counted)
    __asm__ volatile("int3");
  store_all(words, places);
  if (counted)
    __asm__ volatile("int3");
}

int main(void) {
  uint32_t places[STORES];
  for (uint32_t i = 0; i < STORES; i++)
    places[i] = i * 37 % WORDS;
  update(places, 0); // the thread is known, its write set has a chunk
  update(places, 1);
}
