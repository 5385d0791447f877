// Intent: functions that the compiler has itself write through pointers too: a sum beside its overflow,
// a flag that is set, a store past the cache.
//
// RUN: rm -rf %t && mkdir %t && cp %s %t/unit.c && cd %t
// RUN: %perdure-port-one unit.c -- -I %perdure-include 2>&1 | FileCheck %s --check-prefix=WARN
// RUN: sed '/^ *\/\/ CHECK/d' out/unit.c | FileCheck %s
// RUN: clang-19 -Wall -Wextra -Werror -I %perdure-include -c out/unit.c -o unit.o
// RUN: sed '/^#ifdef __clang__/,/^#endif/d' out/unit.c > out/plain.c
// RUN: gcc -Wall -Wextra -Werror -I %perdure-include -c out/plain.c -o plain.o
#include <perdure/annotations.h>
#include <stdarg.h>
#include <stddef.h>

struct PERDURE_PERSISTENT counter {
  long sum;
  unsigned carry;
  char busy;
  float lanes[4];
};

int sums(struct counter *c, long more) {
  long local;
  // CHECK: PERDURE_CALL(__builtin_add_overflow(c->sum, more, PERDURE_RANGE(&c->sum, 8)))
  int over = __builtin_add_overflow(c->sum, more, &c->sum);
  // CHECK: PERDURE_CALL(__builtin_smull_overflow(c->sum, more, PERDURE_RANGE(&c->sum, 8)))
  over += __builtin_smull_overflow(c->sum, more, &c->sum);
  // CHECK: {{^  }}over += __builtin_sub_overflow(c->sum, more, &local);
  over += __builtin_sub_overflow(c->sum, more, &local);
  // CHECK: __builtin_object_size(c, 0)
  return over + (int)__builtin_object_size(c, 0);
}

int flags(struct counter *c) {
  // CHECK: if (__atomic_test_and_set(PERDURE_P(&c->busy), __ATOMIC_ACQUIRE))
  if (__atomic_test_and_set(&c->busy, __ATOMIC_ACQUIRE))
    return 0;
  // CHECK: __atomic_clear(PERDURE_P(&c->busy), __ATOMIC_RELEASE);
  __atomic_clear(&c->busy, __ATOMIC_RELEASE);
  __builtin_prefetch(c, 1);
  return 1;
}

int arguments(int count, ...) {
  va_list list, copy;
  // CHECK: {{^  }}va_start(list, count);
  va_start(list, count);
  va_copy(copy, list);
  int sum = va_arg(copy, int);
  va_end(copy);
  va_end(list);
  return sum;
}

#ifdef __clang__
unsigned only_clang(struct counter *c, unsigned more) {
  // CHECK: PERDURE_CALL(__builtin_addc(1, more, 0, PERDURE_RANGE(&c->carry, 4)))
  unsigned low = __builtin_addc(1, more, 0, &c->carry);
  // WARN: unit.c:[[#@LINE+2]]:{{.*}}warning: '__builtin_nontemporal_store' may write persistent memory
  // CHECK: PERDURE_CALL_VOID(__builtin_nontemporal_store(1.0f, PERDURE_OBJECT(&c->lanes[1])));
  __builtin_nontemporal_store(1.0f, &c->lanes[1]);
  return low;
}
#endif
