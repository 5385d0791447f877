// SPDX-License-Identifier: Apache-2.0
#include "peer_pool.h"
#include "../structure.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

PMEMobjpool *peer_pool;

enum { POOL_SIZE_GIB = 2 };

struct peer_root *peer_root(void) {
  return pmemobj_direct(pmemobj_root(peer_pool, sizeof(struct peer_root)));
}

// Opens the pool at PATH, made if it is not there. Called once, by main. The library reads its
// environment before that.
void variant_open(const char *path) {
  if (!getenv("PMEM_IS_PMEM_FORCE") || !getenv("PMEM_MMAP_HINT")) {
    fprintf(stderr,
            "bench: start this program with PMEM_IS_PMEM_FORCE=1 (tmpfs counts as persistent "
            "memory) and PMEM_MMAP_HINT=0x300000000000 (pointers are stored as they are)\n");
    exit(1);
  }
  peer_pool = access(path, F_OK) == 0
                  ? pmemobj_open(path, "bench")
                  : pmemobj_create(path, "bench", (size_t)POOL_SIZE_GIB << 30, 0600);
  if (!peer_pool) {
    fprintf(stderr, "bench: --peer-pool %s: %s\n", path, pmemobj_errormsg());
    exit(1);
  }
}

extern const struct structure hash_map, red_black_tree, queue;
const struct structure *const structures[] = {&hash_map, &red_black_tree, &queue, NULL};
