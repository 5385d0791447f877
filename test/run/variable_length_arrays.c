// SPDX-License-Identifier: Apache-2.0
//
// Intent: variable-length arrays and alloca compile without diagnostics at every level, and stores
// to the pool beside them, or through pointers that may be either, are recorded.
// RUN: %check-matrix %s -Wall -Werror
#include <alloca.h>
#include <stdlib.h>
#include <string.h>

__attribute__((noinline)) static void set(int *where, int value) { *where = value; }

__attribute__((noinline)) static int sum(int *pool, int n) {
  int total = 0;
  for (int round = 1; round <= n; round++) {
    int array[round], other[round][2];
    for (int i = 0; i < round; i++) {
      array[i] = i;
      other[i][1] = i;
      pool[i] += array[i] + other[i][1];
    }
    set(round % 2 ? array : pool, round);
    total += array[0];
  }
  char *text = alloca((size_t)n);
  memset(text, 'x', (size_t)n);
  memcpy(pool + 50, text, (size_t)n);
  return total;
}

int main(void) {
  int *pool = calloc(100, sizeof *pool);
  int total = sum(pool, 20);
  return total == 100 && pool[0] == 20 && pool[19] == 38 ? 0 : 1;
}
