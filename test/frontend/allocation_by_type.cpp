// `new` of a persistent type in all its forms; a class's own operator new is left alone.
// RUN: %perdure-cxx -std=c++17 -O0 -S -emit-llvm -o - %s | FileCheck %s
// RUN: %perdure-cxx -std=c++17 -O0 -S -emit-llvm -o - %s | FileCheck %s --check-prefix=MAKE
#include <cstdlib>
#include <memory>
#include <new>
struct [[perdure::persistent]] item { ~item(); int x; };
struct alignas(64) [[perdure::persistent]] wide { int x; };
struct [[perdure::persistent]] own { static void *operator new(size_t); int x; };
struct other { int x; };

// CHECK-LABEL: define {{.*}}@_Z7regularv
// CHECK: call {{.*}}@perdure_new(i64 noundef 4)
// CHECK: call {{.*}}@perdure_new(i64 noundef 20)
// CHECK: call {{.*}}@perdure_new_nothrow(i64 noundef 4, ptr
// CHECK: call {{.*}}@perdure_new_aligned(i64 noundef 64, i64 noundef 64)
// CHECK: call {{.*}}@perdure_new_aligned_nothrow(i64 noundef 64, i64 noundef 64, ptr
// CHECK: ret void
void regular() {
  new item;
  new item[3];
  new (std::nothrow) item;
  new wide;
  new (std::nothrow) wide;
}
// CHECK-LABEL: define {{.*}}@_Z9untouchedPv
// CHECK-NOT: perdure_new
// CHECK: ret void
void untouched(void *p) {
  new other;
  new own;
  new (p) item;
  new item *[4];
}
// CHECK-LABEL: define {{.*}}@_Z5castsv
// CHECK: call {{.*}}@perdure_malloc(
// CHECK: call {{.*}}@perdure_new(
void casts() {
  auto *a = static_cast<item *>(std::malloc(4));
  auto *b = static_cast<item *>(::operator new(4));
  a->x = b->x;
}
// CHECK-LABEL: define {{.*}}@_Z6madeinv
// CHECK: call {{.*}}@_ZSt11make_uniqueI4item
void madein() { auto p = std::make_unique<item>(); }
template <typename T> T *create() { return new T; }
// CHECK-LABEL: define {{.*}}@_Z6createI4itemEPT_v
// CHECK: call {{.*}}@perdure_new(
template item *create<item>();
// CHECK-LABEL: define {{.*}}@_Z6createI5otherEPT_v
// CHECK-NOT: perdure_new
// CHECK: ret ptr
template other *create<other>();
// MAKE-LABEL: define {{.*}}@_ZSt11make_uniqueI4item
// MAKE: call {{.*}}@perdure_new(
