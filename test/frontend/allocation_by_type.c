// A malloc-family call whose result becomes a pointer to a persistent type is the pool's; any other
// stays libc's.
// RUN: %perdure-cc -O0 -S -emit-llvm -o - %s | FileCheck %s
#include <stdlib.h>
struct __attribute__((perdure_persistent)) item { struct item *next; };
struct other { int x; };
struct item *plain, *later;

// CHECK-LABEL: define {{.*}}@by_conversion
// CHECK: call {{.*}}@perdure_malloc(
// CHECK: call {{.*}}@perdure_calloc(
// CHECK: call {{.*}}@perdure_realloc(
// CHECK: call {{.*}}@perdure_aligned_alloc(
void by_conversion(void) {
  struct item *a = malloc(sizeof *a);
  a = (struct item *)calloc(2, sizeof *a);
  plain = realloc(a, 64);
  plain->next = aligned_alloc(64, 64);
}
// CHECK-LABEL: define {{.*}}@by_choice
// CHECK: call {{.*}}@perdure_malloc(
// CHECK: call {{.*}}@perdure_calloc(
void by_choice(int c) { plain = c ? malloc(8) : (later = 0, calloc(1, 8)); }
// CHECK-LABEL: define {{.*}}@by_pointer
// CHECK: call {{.*}}@perdure_posix_memalign(
int by_pointer(void) { return posix_memalign((void **)&plain, 64, 64); }
// CHECK-LABEL: define {{.*}}@not_persistent
// CHECK-NOT: perdure_{{[mcr]}}
// CHECK: ret void
void *sink;
void not_persistent(void) {
  struct other *o = malloc(sizeof *o);
  struct item **table = calloc(16, sizeof *table);
  void *v = malloc(8);
  sink = o; sink = table; sink = v;
}
// CHECK-LABEL: define {{.*}}@never
// CHECK-NOT: call {{.*}}@perdure_malloc
// CHECK: ret void
__attribute__((perdure_volatile_heap)) void never(void) { plain = malloc(8); }
