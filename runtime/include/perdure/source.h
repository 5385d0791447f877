// SPDX-License-Identifier: Apache-2.0
//
// The vocabulary of ported source: what perdure-port writes into a program, so that any compiler
// builds it against the runtime. docs/source_mode.md shows it on a program.
//
// PERDURE_W stands where a written lvalue stands, so its entry is made before the store. The
// runtime reads such an entry at every cut until the thread has come past a unit's bound, an output
// or a wait; no call that does one of these may come between the entry and its store. Where one
// might, the store is written as PERDURE_ASSIGN or PERDURE_UPDATE, whose entry follows it.
//
// Includes no header of libc: see perdure/hook.h.
#ifndef PERDURE_SOURCE_H
#define PERDURE_SOURCE_H

#pragma GCC system_header

#ifdef __PERDURE_PLUGIN__
#error "this is ported source; compile it without perdure's plugin"
#endif

#define PERDURE_SOURCE 1
// The program is compiled as by perdure-clang; what it says in attributes is in its text now.
#define __PERDURE__ 1

#include "hook.h"

#ifdef __cplusplus
#error "ported source is C so far; compile C++ files with perdure-clang++"
#endif

// --- Entries -------------------------------------------------------------------------------------

#define PERDURE_INLINE_ static __inline__ __attribute__((always_inline, unused))

// One entry in LANE. Ahead of a store it needs no order with it; the entry that follows a store is
// released after it.
PERDURE_INLINE_ void perdure_enter_(const volatile void *address, __SIZE_TYPE__ size,
                                    enum perdure_lane lane, int order) {
  __UINT64_TYPE__ place = (__UINT64_TYPE__)address, slot = 8;
  if (place >> PERDURE_SLOT_SHIFT != PERDURE_SLOT || size == 0)
    return;
  if (size > PERDURE_RANGE_MAX) {
    perdure_record_in(address, size, lane);
    return;
  }
  // One instruction reserves the slot: a signal handler gets the next one.
  __asm__ volatile("xaddq %0, %1" : "+r"(slot), "+m"(perdure_thread.next[lane]) : : "cc");
  if (__builtin_expect((slot & PERDURE_CHUNK_FIRST_MASK) == 0, 0))
    perdure_record_slow(place << 16 | size, lane);
  else
    __atomic_store_n((__UINT64_TYPE__ *)slot, place << 16 | size, order);
}

#define PERDURE_AHEAD_(ADDRESS, SIZE, LANE) perdure_enter_(ADDRESS, SIZE, LANE, __ATOMIC_RELAXED)
#define PERDURE_AFTER_(ADDRESS, SIZE, LANE)                                                        \
  (__extension__({                                                                                 \
    __asm__ volatile("" : : : "memory");                                                           \
    perdure_enter_(ADDRESS, SIZE, LANE, __ATOMIC_RELEASE);                                         \
  }))

// --- Written lvalues -----------------------------------------------------------------------------

#define PERDURE_W_IN_(LANE, ...)                                                                   \
  (*__extension__({                                                                                \
    __auto_type perdure_at_ = &(__VA_ARGS__);                                                      \
    PERDURE_AHEAD_(perdure_at_, sizeof *perdure_at_, LANE);                                        \
    perdure_at_;                                                                                   \
  }))
// The lvalue, which is about to be written:  PERDURE_W(n->next) = head;  PERDURE_W(n->count)++;
#define PERDURE_W(...) PERDURE_W_IN_(PERDURE_LANE_AHEAD, __VA_ARGS__)
// The same where nobody waits for the store: clocks, statistics.
#define PERDURE_W_RELAXED(...) PERDURE_W_IN_(PERDURE_LANE_AHEAD_RELAXED, __VA_ARGS__)

// LVALUE = VALUE, where VALUE may end a unit or take part in one:  PERDURE_ASSIGN(n->next, f());
// Here and below VALUE is evaluated first, as Clang does: in `list->items[i] = grow(list)` it may
// make the place.
#define PERDURE_ASSIGN_IN_(LANE, LVALUE, ...)                                                      \
  __extension__({                                                                                  \
    __typeof__(LVALUE) perdure_value_ = (__VA_ARGS__);                                             \
    __auto_type perdure_at_ = &(LVALUE);                                                           \
    *perdure_at_ = perdure_value_;                                                                 \
    PERDURE_AFTER_(perdure_at_, sizeof *perdure_at_, LANE);                                        \
    perdure_value_;                                                                                \
  })
#define PERDURE_ASSIGN(LVALUE, ...) PERDURE_ASSIGN_IN_(PERDURE_LANE_PERSISTENT, LVALUE, __VA_ARGS__)
#define PERDURE_ASSIGN_RELAXED(LVALUE, ...)                                                        \
  PERDURE_ASSIGN_IN_(PERDURE_LANE_RELAXED, LVALUE, __VA_ARGS__)
// A number's value, promoted: that of a bit-field, too, whose own type has no name.
#define PERDURE_PROMOTED_(...) __typeof__((__VA_ARGS__) + 0)
// LVALUE OPERATOR VALUE, likewise:  PERDURE_UPDATE(n->count, +=, f());
#define PERDURE_UPDATE_IN_(LANE, LVALUE, OPERATOR, ...)                                            \
  __extension__({                                                                                  \
    PERDURE_PROMOTED_(__VA_ARGS__) perdure_operand_ = (__VA_ARGS__);                               \
    __auto_type perdure_at_ = &(LVALUE);                                                           \
    __auto_type perdure_value_ = (*perdure_at_ OPERATOR perdure_operand_);                         \
    PERDURE_AFTER_(perdure_at_, sizeof *perdure_at_, LANE);                                        \
    perdure_value_;                                                                                \
  })
#define PERDURE_UPDATE(LVALUE, OPERATOR, ...)                                                      \
  PERDURE_UPDATE_IN_(PERDURE_LANE_PERSISTENT, LVALUE, OPERATOR, __VA_ARGS__)
#define PERDURE_UPDATE_RELAXED(LVALUE, OPERATOR, ...)                                              \
  PERDURE_UPDATE_IN_(PERDURE_LANE_RELAXED, LVALUE, OPERATOR, __VA_ARGS__)
// LVALUE++ or LVALUE--, likewise.
#define PERDURE_POST_IN_(LANE, LVALUE, OPERATOR)                                                   \
  __extension__({                                                                                  \
    __auto_type perdure_at_ = &(LVALUE);                                                           \
    __auto_type perdure_value_ = (*perdure_at_)OPERATOR;                                           \
    PERDURE_AFTER_(perdure_at_, sizeof *perdure_at_, LANE);                                        \
    perdure_value_;                                                                                \
  })
#define PERDURE_POST(LVALUE, OPERATOR) PERDURE_POST_IN_(PERDURE_LANE_PERSISTENT, LVALUE, OPERATOR)
#define PERDURE_POST_RELAXED(LVALUE, OPERATOR)                                                     \
  PERDURE_POST_IN_(PERDURE_LANE_RELAXED, LVALUE, OPERATOR)

// OBJECT.FIELD OPERATOR VALUE of a bit-field, which has no address: the object is recorded.
#define PERDURE_BITS(OBJECT, FIELD, OPERATOR, ...)                                                 \
  __extension__({                                                                                  \
    PERDURE_PROMOTED_(__VA_ARGS__) perdure_operand_ = (__VA_ARGS__);                               \
    __auto_type perdure_at_ = &(OBJECT);                                                           \
    __auto_type perdure_value_ = (perdure_at_->FIELD OPERATOR perdure_operand_) + 0;               \
    PERDURE_AFTER_(perdure_at_, sizeof *perdure_at_, PERDURE_LANE_PERSISTENT);                     \
    perdure_value_;                                                                                \
  })
#define PERDURE_BITS_POST(OBJECT, FIELD, OPERATOR)                                                 \
  __extension__({                                                                                  \
    __auto_type perdure_at_ = &(OBJECT);                                                           \
    __auto_type perdure_value_ = (perdure_at_->FIELD OPERATOR) + 0;                                \
    PERDURE_AFTER_(perdure_at_, sizeof *perdure_at_, PERDURE_LANE_PERSISTENT);                     \
    perdure_value_;                                                                                \
  })

// --- Written memory ------------------------------------------------------------------------------

// The pointer of an atomic operation, which is about to write what it points to.

#define PERDURE_P_IN_(LANE, ...)                                                                   \
  __extension__({                                                                                  \
    __auto_type perdure_at_ = (__VA_ARGS__);                                                       \
    PERDURE_AHEAD_(perdure_at_, sizeof *perdure_at_, LANE);                                        \
    perdure_at_;                                                                                   \
  })
#define PERDURE_P(...) PERDURE_P_IN_(PERDURE_LANE_AHEAD, __VA_ARGS__)
#define PERDURE_P_RELAXED(...) PERDURE_P_IN_(PERDURE_LANE_AHEAD_RELAXED, __VA_ARGS__)

// PERDURE_CALL(f(PERDURE_OBJECT(p), PERDURE_RANGE(q, 8))): a call that writes through p and q.
// After it is recorded what they pointed to before: SIZE bytes, or the whole block or persistent
// global. Not ahead of it, because what it calls may send or end units before it writes.
struct perdure_written_ {
  unsigned count;
  struct {
    const volatile void *at;
    __SIZE_TYPE__ size;
  } places[8];
};
#define PERDURE_WHOLE_ ((__SIZE_TYPE__) - 1)
static __inline__ __attribute__((unused)) void
perdure_record_written_(const struct perdure_written_ *written) {
  for (unsigned i = 0; i < written->count; i++) {
    const void *at = (const void *)written->places[i].at;
    if (written->places[i].size == PERDURE_WHOLE_)
      perdure_record_object(at);
    else
      perdure_record(at, written->places[i].size);
  }
}
#define PERDURE_RANGE(POINTER, SIZE)                                                               \
  __extension__({                                                                                  \
    __auto_type perdure_at_ = (POINTER);                                                           \
    perdure_written_.places[perdure_written_.count].at = perdure_at_;                              \
    perdure_written_.places[perdure_written_.count++].size = (SIZE);                               \
    perdure_at_;                                                                                   \
  })
#define PERDURE_OBJECT(POINTER) PERDURE_RANGE(POINTER, PERDURE_WHOLE_)
#define PERDURE_CALL(...)                                                                          \
  __extension__({                                                                                  \
    struct perdure_written_ perdure_written_;                                                      \
    perdure_written_.count = 0;                                                                    \
    __auto_type perdure_value_ = (__VA_ARGS__);                                                    \
    perdure_record_written_(&perdure_written_);                                                    \
    perdure_value_;                                                                                \
  })
#define PERDURE_CALL_VOID(...)                                                                     \
  __extension__({                                                                                  \
    struct perdure_written_ perdure_written_;                                                      \
    perdure_written_.count = 0;                                                                    \
    (__VA_ARGS__);                                                                                 \
    perdure_record_written_(&perdure_written_);                                                    \
  })

// --- Persistent globals and functions ------------------------------------------------------------
// The unit's generated header has the addresses; declared is the type, as perdure_type_NAME.

#define PERDURE_ROOT(NAME) (*(perdure_type_##NAME *)perdure_at_##NAME)
// The function's address for objects that outlive the process.
#define PERDURE_FUNCTION(NAME) (*(__typeof__(&NAME))perdure_pin_##NAME)

// --- Units ---------------------------------------------------------------------------------------

#pragma GCC visibility push(default)
void perdure_unit_begin(void);
void perdure_unit_end(void);
void perdure_unit_pause(void);
void perdure_unit_resume(void);
__UINT32_TYPE__ perdure_unit_depth(void);
void perdure_unit_unwind(__UINT32_TYPE__ depth);
int perdure_unit_mutex_lock(void *mutex);
int perdure_unit_mutex_trylock(void *mutex);
void perdure_output_wait(void);
int perdure_is_recovered(void);
void *perdure_restore_begin(void);
void perdure_restore_end(void *saved);
void perdure_run_recovery(void);
void *perdure_malloc(__SIZE_TYPE__ size);
void *perdure_calloc(__SIZE_TYPE__ count, __SIZE_TYPE__ size);
void *perdure_realloc(void *block, __SIZE_TYPE__ size);
void *perdure_reallocarray(void *block, __SIZE_TYPE__ count, __SIZE_TYPE__ size);
void *perdure_aligned_alloc(__SIZE_TYPE__ alignment, __SIZE_TYPE__ size);
int perdure_posix_memalign(void **block, __SIZE_TYPE__ alignment, __SIZE_TYPE__ size);
void *perdure_valloc(__SIZE_TYPE__ size);
char *perdure_strdup(const char *string);
char *perdure_strndup(const char *string, __SIZE_TYPE__ size);
int perdure_asprintf(char **result, const char *format, ...);
int perdure_vasprintf(char **result, const char *format, __builtin_va_list arguments);
long perdure_getline(char **line, __SIZE_TYPE__ *capacity, void *stream);
long perdure_getdelim(char **line, __SIZE_TYPE__ *capacity, int delimiter, void *stream);
void perdure_record_iovec(const void *vectors, __SIZE_TYPE__ count, __SIZE_TYPE__ total);
#pragma GCC visibility pop

PERDURE_INLINE_ char perdure_begin_unit_(void) { return perdure_unit_begin(), 0; }
static __inline__ __attribute__((unused)) void perdure_end_unit_(char *unit) {
  (void)unit;
  perdure_unit_end();
}
PERDURE_INLINE_ char perdure_begin_pause_(void) { return perdure_unit_pause(), 0; }
static __inline__ __attribute__((unused)) void perdure_end_pause_(char *pause) {
  (void)pause;
  perdure_unit_resume();
}
static __inline__ __attribute__((unused)) void perdure_end_restore_(void **saved) {
  perdure_restore_end(*saved);
}
PERDURE_INLINE_ __UINT32_TYPE__ perdure_begin_heap_(enum perdure_heap_scopes scope) {
  __UINT32_TYPE__ outer = perdure_heap_scope;
  perdure_heap_scope = scope;
  return outer;
}
static __inline__ __attribute__((unused)) void perdure_end_heap_(__UINT32_TYPE__ *outer) {
  perdure_heap_scope = *outer;
}

// From here to the end of the block, whatever way out of it is taken: one unit; no unit, because
// the state is consistent; then the persistent globals get back the values they have here.
#define PERDURE_UNIT                                                                               \
  char perdure_unit_ __attribute__((cleanup(perdure_end_unit_), unused)) = perdure_begin_unit_()
#define PERDURE_COMMIT_POINT_SCOPE                                                                 \
  char perdure_pause_ __attribute__((cleanup(perdure_end_pause_), unused)) = perdure_begin_pause_()
#define PERDURE_RESTORE_AT_EXIT                                                                    \
  void *perdure_saved_ __attribute__((cleanup(perdure_end_restore_), unused)) =                    \
      perdure_restore_begin()
// Allocations take the pool's memory, or libc's.
#define PERDURE_HEAP_SCOPE(SCOPE)                                                                  \
  __UINT32_TYPE__ perdure_outer_heap_ __attribute__((cleanup(perdure_end_heap_), unused)) =        \
      perdure_begin_heap_(SCOPE)

// A call during which the state is consistent.
#define PERDURE_PAUSED(...)                                                                        \
  __extension__({                                                                                  \
    perdure_unit_pause();                                                                          \
    __auto_type perdure_value_ = (__VA_ARGS__);                                                    \
    perdure_unit_resume();                                                                         \
    perdure_value_;                                                                                \
  })
#define PERDURE_PAUSED_VOID(...) (perdure_unit_pause(), (__VA_ARGS__), perdure_unit_resume())
// A call of setjmp: a jump to it ends the units that were begun since.
#define PERDURE_SETJMP(...)                                                                        \
  __extension__({                                                                                  \
    volatile __UINT32_TYPE__ perdure_depth_ = perdure_unit_depth();                                \
    int perdure_value_ = (__VA_ARGS__);                                                            \
    perdure_unit_unwind(perdure_depth_);                                                           \
    perdure_value_;                                                                                \
  })

// --- Functions of libc that write ----------------------------------------------------------------

PERDURE_INLINE_ void *perdure_memcpy(void *to, const void *from, __SIZE_TYPE__ size) {
  __builtin_memcpy(to, from, size);
  PERDURE_AFTER_(to, size, PERDURE_LANE_PERSISTENT);
  return to;
}
PERDURE_INLINE_ void *perdure_memmove(void *to, const void *from, __SIZE_TYPE__ size) {
  __builtin_memmove(to, from, size);
  PERDURE_AFTER_(to, size, PERDURE_LANE_PERSISTENT);
  return to;
}
PERDURE_INLINE_ void *perdure_memset(void *to, int byte, __SIZE_TYPE__ size) {
  __builtin_memset(to, byte, size);
  PERDURE_AFTER_(to, size, PERDURE_LANE_PERSISTENT);
  return to;
}
PERDURE_INLINE_ void *perdure_mempcpy(void *to, const void *from, __SIZE_TYPE__ size) {
  return (char *)perdure_memcpy(to, from, size) + size;
}
PERDURE_INLINE_ void perdure_bzero(void *to, __SIZE_TYPE__ size) { perdure_memset(to, 0, size); }
PERDURE_INLINE_ char *perdure_strcpy(char *to, const char *from) {
  return (char *)perdure_memcpy(to, from, __builtin_strlen(from) + 1);
}
PERDURE_INLINE_ char *perdure_stpcpy(char *to, const char *from) {
  __SIZE_TYPE__ size = __builtin_strlen(from);
  return (char *)perdure_memcpy(to, from, size + 1) + size;
}
PERDURE_INLINE_ char *perdure_strncpy(char *to, const char *from, __SIZE_TYPE__ size) {
  __builtin_strncpy(to, from, size);
  PERDURE_AFTER_(to, size, PERDURE_LANE_PERSISTENT);
  return to;
}
PERDURE_INLINE_ char *perdure_strcat(char *to, const char *from) {
  return perdure_strcpy(to + __builtin_strlen(to), from), to;
}
PERDURE_INLINE_ char *perdure_strncat(char *to, const char *from, __SIZE_TYPE__ size) {
  __builtin_strncat(to, from, size);
  perdure_record_string(to);
  return to;
}
// What a function that returned RESULT wrote at TO: RESULT bytes, and a 0 that counts not. At most
// SIZE.
PERDURE_INLINE_ int perdure_formatted_(char *to, __SIZE_TYPE__ size, int result) {
  __SIZE_TYPE__ all = result < 0 ? 0 : (__SIZE_TYPE__)result + 1;
  PERDURE_AFTER_(to, all < size ? all : size, PERDURE_LANE_PERSISTENT);
  return result;
}
#define perdure_sprintf(TO, ...)                                                                   \
  __extension__({                                                                                  \
    char *perdure_at_ = (TO);                                                                      \
    perdure_formatted_(perdure_at_, (__SIZE_TYPE__) - 1, sprintf(perdure_at_, __VA_ARGS__));       \
  })
#define perdure_snprintf(TO, SIZE, ...)                                                            \
  __extension__({                                                                                  \
    char *perdure_at_ = (TO);                                                                      \
    __SIZE_TYPE__ perdure_size_ = (SIZE);                                                          \
    perdure_formatted_(perdure_at_, perdure_size_,                                                 \
                       snprintf(perdure_at_, perdure_size_, __VA_ARGS__));                         \
  })
#define perdure_vsnprintf(TO, SIZE, ...)                                                           \
  __extension__({                                                                                  \
    char *perdure_at_ = (TO);                                                                      \
    __SIZE_TYPE__ perdure_size_ = (SIZE);                                                          \
    perdure_formatted_(perdure_at_, perdure_size_,                                                 \
                       vsnprintf(perdure_at_, perdure_size_, __VA_ARGS__));                        \
  })
// CALL, whose result says how many bytes it wrote at its argument TO, here perdure_at_.
#define PERDURE_READ_(TO, CALL)                                                                    \
  __extension__({                                                                                  \
    __auto_type perdure_at_ = (TO);                                                                \
    __auto_type perdure_value_ = (CALL);                                                           \
    if (perdure_value_ > 0)                                                                        \
      perdure_record(perdure_at_, (__SIZE_TYPE__)perdure_value_);                                  \
    perdure_value_;                                                                                \
  })
#define perdure_read(FD, TO, SIZE) PERDURE_READ_(TO, read(FD, perdure_at_, SIZE))
#define perdure_pread(FD, TO, SIZE, OFFSET) PERDURE_READ_(TO, pread(FD, perdure_at_, SIZE, OFFSET))
#define perdure_recv(FD, TO, SIZE, FLAGS) PERDURE_READ_(TO, recv(FD, perdure_at_, SIZE, FLAGS))
#define perdure_readv(FD, VECTORS, COUNT)                                                          \
  __extension__({                                                                                  \
    __auto_type perdure_at_ = (VECTORS);                                                           \
    int perdure_count_ = (COUNT);                                                                  \
    __auto_type perdure_value_ = readv(FD, perdure_at_, perdure_count_);                           \
    if (perdure_value_ > 0)                                                                        \
      perdure_record_iovec(perdure_at_, (__SIZE_TYPE__)perdure_count_,                             \
                           (__SIZE_TYPE__)perdure_value_);                                         \
    perdure_value_;                                                                                \
  })
#define perdure_fread(TO, SIZE, COUNT, STREAM)                                                     \
  __extension__({                                                                                  \
    __auto_type perdure_at_ = (TO);                                                                \
    __SIZE_TYPE__ perdure_size_ = (SIZE);                                                          \
    __SIZE_TYPE__ perdure_value_ = fread(perdure_at_, perdure_size_, COUNT, STREAM);               \
    perdure_record(perdure_at_, perdure_value_ *perdure_size_);                                    \
    perdure_value_;                                                                                \
  })
#define perdure_fgets(TO, SIZE, STREAM)                                                            \
  __extension__({                                                                                  \
    char *perdure_at_ = (TO);                                                                      \
    char *perdure_value_ = fgets(perdure_at_, SIZE, STREAM);                                       \
    if (perdure_value_)                                                                            \
      perdure_record_string(perdure_value_);                                                       \
    perdure_value_;                                                                                \
  })

#define perdure_qsort(BASE, COUNT, SIZE, COMPARE)                                                  \
  __extension__({                                                                                  \
    void *perdure_at_ = (BASE);                                                                    \
    __SIZE_TYPE__ perdure_count_ = (COUNT), perdure_size_ = (SIZE);                                \
    qsort(perdure_at_, perdure_count_, perdure_size_, COMPARE);                                    \
    perdure_record(perdure_at_, perdure_count_ *perdure_size_);                                    \
  })
// These end a word with a 0, in the string that they go on with.
#define perdure_strsep(STRING, DELIMITERS)                                                         \
  __extension__({                                                                                  \
    char **perdure_at_ = (STRING);                                                                 \
    char *perdure_value_ = strsep(perdure_at_, DELIMITERS);                                        \
    if (perdure_value_ && *perdure_at_)                                                            \
      perdure_record(*perdure_at_ - 1, 1);                                                         \
    perdure_record(perdure_at_, sizeof *perdure_at_);                                              \
    perdure_value_;                                                                                \
  })
#define perdure_strtok(STRING, DELIMITERS)                                                         \
  __extension__({                                                                                  \
    char *perdure_value_ = strtok(STRING, DELIMITERS);                                             \
    if (perdure_value_)                                                                            \
      perdure_record_string(perdure_value_);                                                       \
    perdure_value_;                                                                                \
  })
#define perdure_strtok_r(STRING, DELIMITERS, REST)                                                 \
  __extension__({                                                                                  \
    char **perdure_at_ = (REST);                                                                   \
    char *perdure_value_ = strtok_r(STRING, DELIMITERS, perdure_at_);                              \
    if (perdure_value_)                                                                            \
      perdure_record_string(perdure_value_);                                                       \
    perdure_record(perdure_at_, sizeof *perdure_at_);                                              \
    perdure_value_;                                                                                \
  })
#define PERDURE_LINE_(LINE, CAPACITY, CALL)                                                        \
  __extension__({                                                                                  \
    char **perdure_at_ = (LINE);                                                                   \
    __auto_type perdure_room_ = (CAPACITY);                                                        \
    __auto_type perdure_value_ = (CALL);                                                           \
    if (perdure_value_ >= 0)                                                                       \
      perdure_record(*perdure_at_, (__SIZE_TYPE__)perdure_value_ + 1);                             \
    perdure_record(perdure_at_, sizeof *perdure_at_);                                              \
    perdure_record(perdure_room_, sizeof *perdure_room_);                                          \
    perdure_value_;                                                                                \
  })
#define perdure_libc_getline(LINE, CAPACITY, STREAM)                                               \
  PERDURE_LINE_(LINE, CAPACITY, getline(perdure_at_, perdure_room_, STREAM))
#define perdure_libc_getdelim(LINE, CAPACITY, DELIMITER, STREAM)                                   \
  PERDURE_LINE_(LINE, CAPACITY, getdelim(perdure_at_, perdure_room_, DELIMITER, STREAM))

#endif
