// SPDX-License-Identifier: Apache-2.0
//
// The hook ABI: what instrumented code emits and the runtime provides. The compiler plugin is the
// only caller; programs include <perdure/perdure.h>. Every entry says who emits it and when.
// This header is the one thing clang-plugin/ and runtime/ share. docs/hook_abi.md explains it.
//
// Store hook, emitted inline after each store of LEN bytes (1..65535) at ADDR:
//
//   if (ADDR >> PERDURE_SLOT_SHIFT == PERDURE_SLOT) {
//     slot = fetch-and-add(perdure_thread.next[LANE], 8)        one instruction: signal handlers
//     nest if ((slot & PERDURE_CHUNK_FIRST_MASK) == 0) perdure_record_slow(ADDR << 16 | LEN, LANE)
//     else *slot = ADDR << 16 | LEN                             release store
//   }
//
// An entry is never 0 (the slot number stands in its top byte), so 0 means "reserved, not filled".
// The value stored is read when the epoch is cut: a hook placed before its store could lose it.
#ifndef PERDURE_ABI_H
#define PERDURE_ABI_H

#include "hook.h"
#include <stddef.h>
#include <stdint.h>

#define PERDURE_ABI_VERSION 3u

#define PERDURE_BASE (PERDURE_SLOT << PERDURE_SLOT_SHIFT)

// Persistent globals live at BASE + ROOTS_OFFSET + hash(key), an address fixed at compile time.
#define PERDURE_ROOTS_OFFSET (1ull << 24)
#define PERDURE_ROOTS_END (16ull << 30)

// Pins live in the slot behind the pool's, outside the image: what stands there is never recorded
// and is made anew at every start. A stub for each function, 32 bytes; then, at 64-byte lines,
// copies of virtual tables and pinned variables. BASE + offset of the kind + hash(key).
#define PERDURE_PINS_SLOT (PERDURE_SLOT + 1)
#define PERDURE_PINS_BASE (PERDURE_PINS_SLOT << PERDURE_SLOT_SHIFT)
#define PERDURE_PINNED_TABLES_OFFSET (512ull << 30)
#define PERDURE_PINNED_VARIABLES_OFFSET (768ull << 30)
#define PERDURE_STUB_SIZE 32u

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

// --- Store hooks ---

// perdure_record_slow, perdure_record, ..._relaxed, ..._string, ..._object: perdure/hook.h.

// After readv and its like: the first TOTAL bytes of the COUNT buffers of a struct iovec array.
void perdure_record_iovec(const void *vectors, size_t count, size_t total);
// After recvmsg, that received TOTAL bytes: the struct msghdr, its buffers, name and control data.
void perdure_record_message(const void *message, size_t total);
// After recvmmsg, that received COUNT messages: an array of struct mmsghdr.
void perdure_record_messages(const void *messages, size_t count);

// --- Units ---

// Entry and every exit (unwinding included) of a transaction function. They nest.
void perdure_unit_begin(void);
void perdure_unit_end(void);
// Entry and every exit of a commit-point function, or around the call of an external one: the state
// is consistent here although units are open; the thread counts as outside any unit between the
// two.
void perdure_unit_pause(void);
void perdure_unit_resume(void);
// Around setjmp: the depth before the call is kept in the frame; after the call returned (either
// time) the depth is set back to it.
uint32_t perdure_unit_depth(void);
void perdure_unit_unwind(uint32_t depth);
// In place of a call to the function of the same name on a lock *field* annotated as unit bound.
int perdure_unit_mutex_lock(void *mutex);
int perdure_unit_mutex_trylock(void *mutex);
// Before a call to a gated output function: returns when every update made so far is durable.
void perdure_output_wait(void);

// --- Start-up ---

// 1 after a pool with data was opened. Entry of skip-if-recovered functions; dynamic initialisers
// of persistent globals.
int perdure_is_recovered(void);
// 1 if the root at ADDRESS came from the pool, so that its dynamic initialiser must not run.
int perdure_root_is_recovered(const void *address);
// Entry and every exit of run-then-restore functions: the persistent globals get back the values
// they had at entry. No effect unless recovered.
void *perdure_restore_begin(void);
void perdure_restore_end(void *saved);
// Entry of the function before which recovery functions run (main by default). Runs them once.
void perdure_run_recovery(void);

// --- Allocation (in place of the libc or C++ runtime function at a pool allocation site) ---
// Without a pool they are the libc functions. Blocks are freed by free(), realloc() and operator
// delete, which the runtime interposes and dispatches by address.
void *perdure_malloc(size_t size);
void *perdure_calloc(size_t count, size_t size);
void *perdure_realloc(void *block, size_t size);
void *perdure_reallocarray(void *block, size_t count, size_t size);
void *perdure_aligned_alloc(size_t alignment, size_t size); // memalign too
int perdure_posix_memalign(void **block, size_t alignment, size_t size);
void *perdure_valloc(size_t size);
char *perdure_strdup(const char *string);
char *perdure_strndup(const char *string, size_t size);
// Results of asprintf, vasprintf, getline, getdelim are copied into the pool.
int perdure_asprintf(char **result, const char *format, ...);
int perdure_vasprintf(char **result, const char *format, __builtin_va_list arguments);
long perdure_getline(char **line, size_t *capacity, void *stream);
long perdure_getdelim(char **line, size_t *capacity, int delimiter, void *stream);
// In place of free() and every operator delete (late, so that the optimizer still knows them): pool
// and other blocks alike, whoever else interposes the libc function (a sanitizer does).
void perdure_free(void *block);
// operator new: the plain forms throw std::bad_alloc, the others return null.
void *perdure_new(size_t size);
void *perdure_new_nothrow(size_t size, const void *nothrow);
void *perdure_new_aligned(size_t size, size_t alignment);
void *perdure_new_aligned_nothrow(size_t size, size_t alignment, const void *nothrow);

// --- Replacements for C++ runtime functions ----------------------------------------------------
// libstdc++ links the nodes of trees and lists in functions of its shared object, which have no
// hooks. Calls of them become calls of these, which record every store; same arguments, same
// effect:
//   std::_Rb_tree_insert_and_rebalance             perdure_rb_tree_insert_and_rebalance
//   std::_Rb_tree_rebalance_for_erase              perdure_rb_tree_rebalance_for_erase
//   std::__detail::_List_node_base::_M_hook        perdure_list_hook
//   ..._M_unhook, _M_transfer, _M_reverse, swap    perdure_list_{unhook,transfer,reverse,swap}
// In units whose strings are pool memory, so that what they allocate is too:
//   std::getline(istream &, string &, char)        perdure_string_getline, perdure_wstring_getline
//   operator>>(istream &, string &)                perdure_string_getword, perdure_wstring_getword
// They are defined in cxx_runtime.cpp and cxx_string_input.cpp and not declared here: their
// parameters are libstdc++'s types.

// --- Modules ---

// Part of a persistent global that is volatile: it starts with its initial value in every run.
struct perdure_span {
  uint64_t offset;
  uint64_t size;
};

struct perdure_root_info {
  const char *key;     // identity across builds: "name", or "file.c:name" with internal linkage
  void *address;       // in the root window, computed from KEY
  uint64_t size;       // bytes
  const void *initial; // SIZE bytes, or NULL for zeros
  const struct perdure_span *volatile_spans;
  uint64_t volatile_span_count;
  const char *type;  // text of its type, or NULL
  uint64_t internal; // 1: internal linkage, so a second module with the same key is an error
};

enum perdure_pin_kind {
  PERDURE_PIN_FUNCTION = 1, // a stub that jumps to it
  PERDURE_PIN_TABLE = 2,    // a copy of a virtual table, read-only
  PERDURE_PIN_VARIABLE = 3  // lives there and nowhere else; starts with its initial value
};

enum perdure_pin_flags {
  PERDURE_PIN_INTERNAL = 1, // internal linkage, so a second one with the same key is an error
  PERDURE_PIN_STRONG = 2    // the module holds its one definition
};

// A function or virtual table whose address the module takes, or a pinned variable it defines.
struct perdure_pin_info {
  const char *key;       // identity across builds: mangled name, or "file.c:name"
  void *address;         // in the pin window, computed from KEY
  const void *target;    // the function or table, the variable's initial value (NULL: zeros)
  uint64_t size;         // bytes at ADDRESS
  const char *signature; // a pointer kept from another run fits only the same one; NULL: not known
  uint32_t kind;         // enum perdure_pin_kind
  uint32_t flags;        // enum perdure_pin_flags
};

enum perdure_lock_kind {
  PERDURE_LOCK_IS = 1,       // the variable is a lock or an array of locks (or holds them)
  PERDURE_LOCK_POINTS_TO = 2 // the variable points to a heap block of locks
};

struct perdure_lock_info {
  const char *name;
  void *variable;
  uint64_t size; // bytes of the variable
  uint64_t kind; // enum perdure_lock_kind
};

// Texts of types: docs/pool_format.md.
struct perdure_field_info {
  const char *name;
  uint64_t offset; // bytes
  uint64_t size;   // bytes
  const char *type;
};

struct perdure_type_info {
  const char *name;
  uint64_t size; // bytes
  const struct perdure_field_info *fields;
  uint64_t field_count;
};

enum perdure_module_flags {
  PERDURE_MODULE_SINGLE_MUTATOR = 1, // commits at commit points by the one mutator, no quiescence
  PERDURE_MODULE_HAS_UNITS = 2,      // declares at least one lock, transaction or commit point
  PERDURE_MODULE_COMMIT_POINTS = 4,  // declares commit points
  PERDURE_MODULE_HAS_SECTIONS = 8,   // declares a lock or a transaction function
  PERDURE_MODULE_NEW_POOLS = 16,     // its recovery functions run for a new pool, too
  PERDURE_MODULE_NOTES_AHEAD = 32    // has entries made before their stores (perdure/source.h)
};

struct perdure_module_info {
  uint32_t abi_version;
  uint32_t flags; // enum perdure_module_flags
  const char *source;
  const struct perdure_root_info *roots;
  uint64_t root_count;
  const struct perdure_lock_info *locks;
  uint64_t lock_count;
  const struct perdure_type_info *types;
  uint64_t type_count;
  void (*const *recovery)(void); // run after recovery, before main or the function named
  uint64_t recovery_count;
  const struct perdure_pin_info *pins;
  uint64_t pin_count;
};

// A module's ELF note, in a section ".note.perdure": name, type, and as description the distance (8
// bytes) from itself to the module's struct perdure_module_info. By notes the runtime knows all
// modules of the program before it opens the pool: what does not fit is refused before anything is
// changed.
#define PERDURE_NOTE_NAME "perdure"
#define PERDURE_NOTE_MODULE 1u

// Module constructor, priority 1 (before any constructor of the program). For modules that are
// loaded later; no effect on one that was found by its note.
void perdure_register_module(const struct perdure_module_info *module);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
