// SPDX-License-Identifier: Apache-2.0
//
// Intent: every way C writes memory is recorded, after the write, at every optimization level.
// RUN: %check-matrix %s
#define _GNU_SOURCE
#include <emmintrin.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct bits {
  unsigned a : 3, b : 13, c : 20;
  unsigned long long d : 40;
  unsigned char tail;
};

union pun {
  double number;
  uint64_t bits;
  char bytes[24];
};

struct big {
  char text[128];
  struct bits bits;
};

typedef int vector4 __attribute__((vector_size(16)));
typedef float vector8 __attribute__((vector_size(32)));

struct object {
  struct bits bits;
  long double extended;
  __int128 wide;
  vector4 ints;
  vector8 floats;
  _BitInt(24) odd24;
  _BitInt(40) odd40;
  _BitInt(200) odd200;
  union pun pun;
  struct big copy;
  int array[1000];
  char bytes[70000];
  _Atomic int counter;
  _Atomic long exchange;
  volatile int shared;
  _Complex double complex;
  void *pointer;
  _Bool flag;
  int vla_target[64];
  __m128i streamed;
};

__attribute__((noinline)) void bitFields(struct object *o, unsigned v) {
  o->bits.a = v;
  o->bits.b = v * 7;
  o->bits.c += 3;
  o->bits.d = ~0ull;
  o->bits.tail = 9;
}

__attribute__((noinline)) void wideTypes(struct object *o, int v) {
  o->extended = v * 1.5L;
  o->wide = ((__int128)v << 90) | 5;
  o->ints = (vector4){v, 2, 3, 4};
  o->floats = (vector8){1, 2, 3, 4, 5, 6, 7, (float)v};
  o->odd24 = v;
  o->odd40 = -v;
  o->odd200 = (_BitInt(200))v << 150;
  o->complex = v + 2.0i;
}

__attribute__((noinline)) void copies(struct object *o, const struct big *from, int n) {
  o->copy = *from;
  o->pun.number = 3.25;
  o->pun.bytes[9] = 'x';
  for (int i = 0; i < n; ++i)
    o->array[i] = i * 3;
  for (int i = 0; i < n; i += 3)
    o->array[i] += 1;
  memset(o->bytes, 7, sizeof o->bytes);
  memmove(o->bytes + 10, o->bytes, 400);
  memset(o->bytes + 500, 1, (size_t)n);
  __builtin_memcpy_inline(o->bytes + 600, from, 48);
  strcpy(o->bytes + 700, "literal");
}

__attribute__((noinline, target("avx2"))) void conditional(int *restrict to, const int *restrict test,
                                                           int n) {
  for (int i = 0; i < n; ++i)
    if (test[i] > 2)
      to[i] = test[i] * 2;
}

__attribute__((noinline)) void atomics(struct object *o) {
  atomic_fetch_add(&o->counter, 5);
  atomic_store(&o->counter, 50);
  int expected = 50;
  atomic_compare_exchange_strong(&o->counter, &expected, 60);
  expected = 1;
  atomic_compare_exchange_strong(&o->counter, &expected, 70);
  atomic_exchange(&o->exchange, 11);
  o->shared++;
  o->shared = 4;
  _mm_stream_si128(&o->streamed, _mm_set1_epi32(17));
}

__attribute__((noinline)) void assembly(struct object *o, int v) {
  __asm__("movl %1, %0" : "=m"(o->vla_target[3]) : "r"(v));
  __asm__("addl %1, %0" : "+m"(o->vla_target[4]) : "r"(v) : "cc");
  __asm__ volatile("" ::: "memory");
}

__attribute__((noinline)) void varargs(int *to, int count, ...) {
  va_list list;
  va_start(list, count);
  for (int i = 0; i < count; ++i)
    to[i] = va_arg(list, int);
  va_end(list);
}

__attribute__((noinline)) void through(int **where, int *a, int *b, int which) {
  int local[4] = {0};
  int *target = which ? a : local;
  target[which] = 77;
  *where = which > 1 ? b : local;
  *where = a;
}

static jmp_buf jump;
__attribute__((noinline)) static void leave(struct object *o) {
  o->flag = 1;
  longjmp(jump, 3);
}

static _Thread_local int *thread_pointer;
struct object *kept;
typedef void (*action)(struct object *);

int main(void) {
  struct object *o = aligned_alloc(64, (sizeof *o + 63) / 64 * 64);
  kept = o;
  memset(o, 0, sizeof *o);
  struct big from;
  memset(&from, 'q', sizeof from);
  bitFields(o, 5);
  wideTypes(o, 6);
  copies(o, &from, 900);
  int test[101];
  for (int i = 0; i < 101; ++i)
    test[i] = i % 7;
  conditional(o->array, test, 101);
  atomics(o);
  assembly(o, 12);
  varargs(o->vla_target + 10, 5, 1, 2, 3, 4, 5);
  through((int **)&o->pointer, o->vla_target, o->vla_target + 1, 1);
  if (setjmp(jump) == 0)
    leave(o);
  thread_pointer = &o->vla_target[40];
  *thread_pointer = 4;
  action volatile call = atomics;
  call(o);
  return o->flag == 1 ? 0 : 1;
}
