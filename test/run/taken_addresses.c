// SPDX-License-Identifier: Apache-2.0
//
// Intent: library functions called through pointers are recorded like those called by name: from a
// table, a variable, a parameter and a conditional.
// RUN: %check-matrix %s
#include <stdlib.h>
#include <string.h>

typedef char *copier(char *, const char *);
struct operations {
  copier *copy;
  void *(*fill)(void *, int, size_t);
  int (*compare)(const char *, const char *);
};
static const struct operations operations = {strcpy, memset, strcmp};
static const struct operations *volatile current = &operations;
static volatile int four = 4;

__attribute__((noinline)) static char *apply(copier *copy, char *to) { return copy(to, "apply"); }

int main(void) {
  char *block = malloc(200);
  current->copy(block, "by table");
  current->fill(block + 50, 7, (size_t)four);
  copier *volatile variable = stpcpy;
  variable(block + 60, "by variable");
  apply(strcat, strcpy(block + 80, "x"));
  copier *chosen = four > 3 ? strcpy : stpcpy;
  apply(chosen, block + 100);
  void *(*volatile copy)(void *, const void *, size_t) = memmove;
  copy(block + 120, "memmove", (size_t)four);
  return current->compare(block, "by table") || block[50] != 7 || strcmp(block + 80, "xapply");
}
