// SPDX-License-Identifier: Apache-2.0
//
// The API for programs built with perdure-clang. All functions may be called from any thread unless
// they say otherwise; none throws. A program that only annotates its data needs none of them.
#ifndef PERDURE_PERDURE_H
#define PERDURE_PERDURE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

// Opens the pool that SPEC names: "path[,size=BYTES][,durability=sync|async=MS][,log=PATH]
// [,log_size=BYTES][,emulate_pmem]"; creates it if there is none. The same as starting the program
// with PERDURE_POOL=SPEC. REQUIRES: no pool is open, one thread, and no persistent object exists
// yet (call it first in main). Persistent globals take the values the pool holds.
// Returns 0, or -1 with perdure_error() saying why and what to do; the program then stays volatile.
int perdure_open(const char *spec);

// What the last failed perdure_open of this thread met: one line, never NULL.
const char *perdure_error(void);

// Makes every update that happened before the call durable: on return it survives power loss (as
// far as the pool's persistence domain does, see `perdure info`). Inside a unit the open unit
// itself is not part of it. Returns 0; -1 if the pool has failed (nothing further becomes durable)
// or there is none.
int perdure_sync(void);

// SHOWS 0: until it is called with 1, nothing that the calling thread sends shows what the open
// unit has changed (a server that, from inside of a long unit, tells others that it is busy); so it
// waits only for what was changed before that unit. For `threads: single`.
void perdure_output_shows_unit(int shows);

// 1 if this run continued a pool that already held data, else 0.
int perdure_recovered(void);

// 1 if ADDRESS lies in the pool's part of the address space.
static inline int perdure_is_persistent(const void *address) {
  return (uintptr_t)address >> 40 == 0x20;
}

// Address of the persistent global KEY ("name", or "file.c:name" for a static one); NULL if there
// is none. For recovery functions, which cannot name another file's statics.
void *perdure_root(const char *key);

// Offset in bytes of FIELD in the persistent TYPE; (size_t)-1 if there is no such type or field.
size_t perdure_field_offset(const char *type, const char *field);

// Size in bytes of the persistent TYPE; 0 if there is none.
size_t perdure_type_size(const char *type);

// Start of the pool block ADDRESS points into, and its usable size in bytes; NULL outside any.
void *perdure_block(const void *address, size_t *size);

// Usable bytes of all live blocks of the pool, for programs that account for their memory; 0
// without a pool. Reads every allocation bitmap: for start-up.
size_t perdure_heap_used(void);

// Frees in the background what no persistent global leads to: what requests in flight had when the
// program was killed. A forked child looks for it in its snapshot, under the condition of `perdure
// sweep` (plain addresses); then RELEASE gets the blocks one by one, in a thread of its own; it
// must free them. NULL: free(). Does nothing in a run that continued no pool. REQUIRES: all that
// must live on is reachable: call it at the end of the recovery function. Returns 0; -1 with errno
// set if there is no process, thread or descriptor left.
int perdure_reclaim(void (*release)(void *block));

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
