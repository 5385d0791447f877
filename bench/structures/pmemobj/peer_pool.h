// SPDX-License-Identifier: Apache-2.0
//
// The peers on libpmemobj: the algorithms of ../*.c written on its C API. Each update is one
// transaction that snapshots what it changes; allocation is its allocator's, and part of the
// transaction. Pointers are stored as they are, with the pool at a fixed address
// (PMEM_MMAP_HINT), which spares the peer the translation of its PMEMoid at each step.
#ifndef PEER_POOL_H
#define PEER_POOL_H

#include <libpmemobj.h>
#include <stddef.h>

extern PMEMobjpool *peer_pool;

// The persistent globals of the peers, zero in a new pool.
struct peer_root {
  char hash_map[64], red_black_tree[64], queue[64], array[64];
};
struct peer_root *peer_root(void);

// In a transaction. The block's content is not zeroed, and need not be snapshotted.
static inline void *peer_alloc(size_t size) { return pmemobj_direct(pmemobj_tx_alloc(size, 0)); }

static inline void *peer_zalloc(size_t size) { return pmemobj_direct(pmemobj_tx_zalloc(size, 0)); }

static inline void peer_free(void *block) { pmemobj_tx_free(pmemobj_oid(block)); }

// Before the first change of OBJECT in a transaction; the library leaves out what it has already.
#define SNAPSHOT(object) pmemobj_tx_add_range_direct((object), sizeof *(object))

#endif
