// SPDX-License-Identifier: Apache-2.0
//
// Shared by memcached's recovery function and the structure walk: upstream's public headers, and
// its file-static slab classes as the pool describes them.
#ifndef MEMCACHED_RECOVER_H
#define MEMCACHED_RECOVER_H

#include "memcached.h"

struct slab_class {
  unsigned int size;       // bytes of a chunk
  unsigned int perslab;    // chunks of a page
  unsigned int pages;      // of the class
  char **page_list;        // their addresses
  unsigned int free_count; // chunks on the free list
  item *free_list;
};

struct slab_class slab_class_at(unsigned int id);

// Named in memcached.port.yaml; the runtime calls it.
void memcached_recover(void);

// Walks items, free lists, LRU lists and hash table and holds them against each other; prints what
// is wrong and aborts. Run with PERDURE_MEMCACHED_VERIFY set in the environment.
void memcached_verify(void);

#endif
