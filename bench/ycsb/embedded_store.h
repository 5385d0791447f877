// SPDX-License-Identifier: Apache-2.0
//
// An ordered store of byte strings as a program embeds it: ordinary in-memory C. Ranges of keys are
// shards, each with a lock of its own and a B-tree whose values lead to the records.
#ifndef EMBEDDED_STORE_H
#define EMBEDDED_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Each call from any thread.
void embedded_put(uint64_t key, const char *value, size_t size);

// RECEIVE is called with the shard's lock held.
typedef void (*embedded_receiver)(void *context, const char *value, size_t size);
bool embedded_get(uint64_t key, embedded_receiver receive, void *context);
// The first COUNT records from KEY on; returns how many there were.
size_t embedded_scan(uint64_t key, size_t count, embedded_receiver receive, void *context);

#ifdef __cplusplus
}
#endif

#endif
