// SPDX-License-Identifier: Apache-2.0
//
// Intent: stores whose hooks are merged are recorded with all their bytes, on every way through the
// function, at every optimization level.
// RUN: %check-matrix %s
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct node {
  struct node *next, *prev, *hash_next;
  int time, expiry;
  unsigned short references, flags;
  unsigned char class, key_length;
  long sum;
  char key[40];
};

static volatile int now = 1;

__attribute__((noinline)) void fill(struct node *n, const char *key, int length, int options) {
  n->next = n->prev = NULL;
  n->class = (unsigned char)(options & 2 ? 64 : 128);
  n->flags |= options & 1 ? 4 : 0;
  if (options & 4)
    n->sum = options;
  n->key_length = (unsigned char)length;
  memcpy(n->key, key, (size_t)length);
  n->time = now;
  if (options & 8)
    n->references = 7;
  n->hash_next = NULL;
}

__attribute__((noinline)) void link_nodes(struct node *head, struct node *n) {
  n->prev = head;
  n->next = head->next;
  if (n->next)
    n->next->prev = n;
  head->next = n;
  head->sum++;
  n->references++;
}

__attribute__((noinline)) int rounds(struct node *n, int count) {
  int i = 0;
  n->time = 0;
  do {
    n->sum += i;
    if (n->sum > 100)
      return i;
    n->expiry = i;
    n = n->next ? n->next : n;
  } while (++i < count);
  n->time = i;
  n->expiry = -i;
  return i;
}

__attribute__((noinline)) void neighbours(struct node *nodes, int i) {
  nodes[i].time = i;
  nodes[i + 1].time = i + 1;
  nodes[i].expiry = 2 * i;
  nodes[i - 1].sum = i;
  memset(&nodes[i].sum, i, 20);
  nodes[i].key[3] = 'x';
}

int main(void) {
  struct node *nodes = calloc(32, sizeof *nodes);
  for (int i = 0; i < 16; i++) {
    fill(&nodes[i], "a key of the node", 3 + i % 8, i);
    link_nodes(&nodes[31], &nodes[i]);
  }
  for (int i = 0; i < 8; i++)
    rounds(&nodes[i], i * 5);
  for (int i = 18; i < 28; i += 3)
    neighbours(nodes, i);
  return 0;
}
