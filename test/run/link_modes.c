// SPDX-License-Identifier: Apache-2.0
//
// Intent: hooks placed before the link survive full, thin and fat LTO and are not placed twice;
// AddressSanitizer and UndefinedBehaviorSanitizer builds of ported code run.
// RUN: env LEVELS="-O0 -O2" %check-matrix %S/memory_operations.c -flto
// RUN: env LEVELS="-O0 -O2" %check-matrix %S/memory_operations.c -flto=thin
// RUN: env LEVELS="-O2" %check-matrix %S/memory_operations.c -flto -ffat-lto-objects
// RUN: env LEVELS="-O0 -O2" %check-matrix %S/memory_operations.c -fsanitize=undefined
// RUN: env LEVELS="-O1" ASAN_OPTIONS=detect_leaks=0 %check-matrix %s -fsanitize=address
#include <stdlib.h>
#include <string.h>

int main(void) {
  char *block = malloc(100);
  memset(block, 3, 100);
  for (int i = 0; i < 50; ++i)
    block[i] = (char)i;
  return block[20] == 20 ? 0 : 1;
}
