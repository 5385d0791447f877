// SPDX-License-Identifier: Apache-2.0
//
// The store hook's constants, thread-local state and out-of-line part: what code with inline hooks
// needs, whether a compiler emits them (perdure/abi.h) or source holds them (perdure/source.h).
// Includes no header of libc: the first one decides which features a unit asks for, and that is the
// program's choice.
#ifndef PERDURE_HOOK_H
#define PERDURE_HOOK_H

// Every pool is mapped at the start of this 1 TiB slot of the address space. Part of the ABI and of
// the pool format; another one is for unit tests under ThreadSanitizer, which needs those
// addresses itself.
#ifndef PERDURE_SLOT
#define PERDURE_SLOT 0x20ull
#endif
#define PERDURE_SLOT_SHIFT 40

// Write-set chunks are 64 KiB, aligned to their size; the first 64 bytes are the header, so a slot
// address with these bits clear means "no room" (a full chunk's end, or a thread not seen before).
#define PERDURE_CHUNK_SIZE 65536u
#define PERDURE_CHUNK_HEADER 64u
#define PERDURE_CHUNK_FIRST_MASK 0xffc0u
#define PERDURE_RANGE_MAX 65535u

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

enum perdure_lane {
  PERDURE_LANE_PERSISTENT = 0, // output waits until such a store is durable
  PERDURE_LANE_RELAXED = 1,    // recorded with the next epoch, never a reason to cut or to wait
  // The same two, of entries made before their stores; see runtime/src/deferred_lane.h.
  PERDURE_LANE_AHEAD = 2,
  PERDURE_LANE_AHEAD_RELAXED = 3
};
#define PERDURE_LANES 4

// Initial-exec thread-local; next[LANE] is the address of the next free slot, 0 before first use.
struct perdure_thread {
  __UINT64_TYPE__ next[PERDURE_LANES];
};
extern __thread struct perdure_thread perdure_thread __attribute__((tls_model("initial-exec")));

// Where allocation sites take memory from while a function with a heap scope runs: stored at its
// entry, and what was there before at every exit. Initial-exec thread-local.
enum perdure_heap_scopes {
  PERDURE_SCOPE_PERSISTENT = 0, // the pool, as without any scope
  PERDURE_SCOPE_VOLATILE = 1    // libc's heap
};
extern __thread __UINT32_TYPE__ perdure_heap_scope __attribute__((tls_model("initial-exec")));

// Inline hook, when the chunk is full or the thread is new. Async-signal-safe.
void perdure_record_slow(__UINT64_TYPE__ entry, __UINT32_TYPE__ lane);
// After a store or modelled call that wrote SIZE bytes at ADDRESS (any size, 0 included). Outside
// the pool: no effect. Async-signal-safe, as are all hooks below.
void perdure_record(const void *address, __SIZE_TYPE__ size);
void perdure_record_relaxed(const void *address, __SIZE_TYPE__ size);
// After a call that wrote a NUL-terminated string at ADDRESS.
void perdure_record_string(const char *address);
// After a call that wrote what need not be recorded before its object is handed over
// (unrecorded_input): no effect, but the audit knows.
void perdure_record_input(const void *address, __SIZE_TYPE__ size);
// After a call to an unknown function that got ADDRESS: the whole allocation or root around it.
void perdure_record_object(const void *address);
// SIZE bytes at ADDRESS in LANE: what one entry of the inline hook has no room for.
void perdure_record_in(const volatile void *address, __SIZE_TYPE__ size, __UINT32_TYPE__ lane);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
