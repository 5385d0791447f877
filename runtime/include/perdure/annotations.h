// SPDX-License-Identifier: Apache-2.0
//
// What is persistent in a program, said in its source: macros that become attributes under
// perdure-clang and nothing under any other compiler, where the program stays the volatile program
// it was. C and C++. docs/annotations.md explains each; a port file says the same by name.
//
//   struct PERDURE_PERSISTENT item { ... };          after the keyword
//   PERDURE_PERSISTENT static struct item *table[N]; before a declaration
//   PERDURE_TRANSIENT int references;                likewise for fields and functions
#ifndef PERDURE_ANNOTATIONS_H
#define PERDURE_ANNOTATIONS_H

#if defined __PERDURE__ && !defined PERDURE_SOURCE
#define PERDURE_ATTRIBUTE_(...) __attribute__((__VA_ARGS__))
#else
#define PERDURE_ATTRIBUTE_(...)
#endif

// --- Types and global variables ------------------------------------------------------------------
// Objects of the type that are allocated as such, or the global variable, live in the pool.
#define PERDURE_PERSISTENT PERDURE_ATTRIBUTE_(perdure_persistent)

// --- Fields and global variables: classes of stores ----------------------------------------------
// Recorded with the next epoch, but never a reason for output to wait: clocks, statistics.
#define PERDURE_RELAXED PERDURE_ATTRIBUTE_(perdure_relaxed)
// Not recorded; recovery gives the value: reference counts held by requests in flight.
#define PERDURE_TRANSIENT PERDURE_ATTRIBUTE_(perdure_transient)
// The same for the bits of an integer field that MASK names.
#define PERDURE_RELAXED_BITS(MASK) PERDURE_ATTRIBUTE_(perdure_relaxed_bits(MASK))
#define PERDURE_TRANSIENT_BITS(MASK) PERDURE_ATTRIBUTE_(perdure_transient_bits(MASK))
// The variable, which is not persistent itself, has the same address in every run, so that
// persistent objects may point to it.
#define PERDURE_PINNED PERDURE_ATTRIBUTE_(perdure_pinned)
// A lock (or array of locks, or pointer to an array of locks): what is done under it becomes
// durable as a whole.
#define PERDURE_LOCK PERDURE_ATTRIBUTE_(perdure_lock)

// --- Functions: units ----------------------------------------------------------------------------
// The function's updates become durable together.
#define PERDURE_TRANSACTION PERDURE_ATTRIBUTE_(perdure_transaction)
// The state is consistent while the function runs (an event loop's wait).
#define PERDURE_COMMIT_POINT PERDURE_ATTRIBUTE_(perdure_commit_point)
// Each call waits until all updates made before it are durable.
#define PERDURE_GATED_OUTPUT PERDURE_ATTRIBUTE_(perdure_gated_output)

// --- Functions: allocation -----------------------------------------------------------------------
// What the function's body allocates is pool memory, or never is.
#define PERDURE_ALLOCATES PERDURE_ATTRIBUTE_(perdure_allocates)
#define PERDURE_VOLATILE_HEAP PERDURE_ATTRIBUTE_(perdure_volatile_heap)

// While the function runs, such allocation sites take pool memory, or the ordinary heap's.
#define PERDURE_PERSISTENT_SCOPE PERDURE_ATTRIBUTE_(perdure_persistent_scope)
#define PERDURE_VOLATILE_SCOPE PERDURE_ATTRIBUTE_(perdure_volatile_scope)

// --- Functions: classes of stores ----------------------------------------------------------------
// The function's own stores are relaxed.
#define PERDURE_RELAXED_STORES PERDURE_ATTRIBUTE_(perdure_relaxed_stores)

// What library functions write that the function calls (read, recv) is not recorded. What the
// function passes by pointer to the function named is recorded as a whole, block by block.
#define PERDURE_UNRECORDED_INPUT PERDURE_ATTRIBUTE_(perdure_unrecorded_input)
#define PERDURE_HANDS_OVER_TO(NAME) PERDURE_ATTRIBUTE_(perdure_hands_over_to(NAME))

// --- Functions: start-up -------------------------------------------------------------------------
// Returns at once (0, or VALUE) when a pool was recovered.
#define PERDURE_SKIP_IF_RECOVERED PERDURE_ATTRIBUTE_(perdure_skip_if_recovered)
#define PERDURE_SKIP_IF_RECOVERED_RETURNING(VALUE)                                                 \
  PERDURE_ATTRIBUTE_(perdure_skip_if_recovered(VALUE))
// Runs; then persistent globals get back what was recovered.
#define PERDURE_RUN_THEN_RESTORE PERDURE_ATTRIBUTE_(perdure_run_then_restore)
// void f(void), run after a pool was recovered: before main, or before the function marked next.
#define PERDURE_RECOVERY PERDURE_ATTRIBUTE_(perdure_recovery)
#define PERDURE_RECOVER_BEFORE PERDURE_ATTRIBUTE_(perdure_recover_before)
// Beside PERDURE_RECOVERY: the function runs for a new pool, too.
#define PERDURE_NEW_POOLS PERDURE_ATTRIBUTE_(perdure_new_pools)

// --- External functions --------------------------------------------------------------------------
// What the function writes: "none", or "ARGUMENT:LENGTH,..." as in PERDURE_WRITES("1:ret").
#define PERDURE_WRITES(MODEL) PERDURE_ATTRIBUTE_(perdure_writes(MODEL))

#endif
