// SPDX-License-Identifier: Apache-2.0
//
// Intent: a ported program built with a sanitizer keeps its data like any other, and the sanitizer
// still sees what it is there for. ThreadSanitizer keeps its own memory where the pool would be: that
// is refused.
// RUN: rm -rf %t && mkdir -p %t
// RUN: %perdure-cc -O1 -g -fsanitize=undefined %s -o %t/undefined
// RUN: env PERDURE_POOL=%t/a %t/undefined | FileCheck %s --check-prefix=FIRST
// RUN: env PERDURE_POOL=%t/a %t/undefined | FileCheck %s --check-prefix=SECOND
// RUN: env PERDURE_POOL=%t/a %t/undefined overflow 2>&1 | FileCheck %s --check-prefix=OVERFLOW
// RUN: %t/undefined | FileCheck %s --check-prefix=FIRST
// RUN: %perdure-cc -O1 -g -fsanitize=address %s -o %t/address
// RUN: env PERDURE_POOL=%t/b ASAN_OPTIONS=detect_leaks=0 %t/address | FileCheck %s --check-prefix=FIRST
// RUN: env PERDURE_POOL=%t/b ASAN_OPTIONS=detect_leaks=0 %t/address | FileCheck %s --check-prefix=SECOND
// RUN: env PERDURE_POOL=%t/b ASAN_OPTIONS=detect_leaks=0 not %t/address after 2>&1 | FileCheck %s --check-prefix=AFTER
// RUN: %perdure-cc -O1 -g -fsanitize=thread %s -o %t/thread
// RUN: env PERDURE_POOL=%t/c not %t/thread 2>&1 | FileCheck %s --check-prefix=TAKEN
// FIRST: 1 words: first
// SECOND: 2 words: first first
// OVERFLOW: runtime error: signed integer overflow
// TAKEN: the pool's address range at 0x{{[0-9a-f]+}} is taken by
// AFTER: heap-use-after-free
#include <perdure/annotations.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct PERDURE_PERSISTENT word {
  struct word *next;
  char *text;
};
PERDURE_PERSISTENT struct word *words;

static int add(int a, int b) { return a + b; }

int main(int argc, char **argv) {
  struct word *word = malloc(sizeof *word);
  word->text = strdup("first");
  word->next = words;
  words = word;
  int count = 0;
  for (word = words; word; word = word->next)
    count++;
  printf("%d words:", count);
  for (word = words; word; word = word->next)
    printf(" %s", word->text);
  puts("");
  if (argc > 1 && strcmp(argv[1], "overflow") == 0)
    return add(INT_MAX, argc) == 0;
  if (argc > 1) {
    char *block = malloc(100);
    free(block);
    return *(volatile char *)block;
  }
}
