// A store through a field with a class carries the class, as an annotation of its address.
// RUN: %perdure-cc -O0 -S -emit-llvm -Xclang -disable-O0-optnone -o %t.ll %s
// RUN: FileCheck %s < %t.ll
// RUN: not %perdure-cc -O0 -S -emit-llvm -Xclang -disable-llvm-passes -o - %s 2>&1 | FileCheck %s --check-prefix=NO-PASSES
#include <perdure/annotations.h>
#include <pthread.h>
struct PERDURE_PERSISTENT item {
  PERDURE_RELAXED long time;
  PERDURE_TRANSIENT_BITS(0xff) int count;
  PERDURE_LOCK pthread_mutex_t lock;
};
void touch(struct item *it) {
  it->time = 1;
  it->count++;
  pthread_mutex_lock(&it->lock);
}
// CHECK-DAG: c"perdure.field:relaxed\00"
// CHECK-DAG: c"perdure.field:transient-bits:255\00"
// CHECK-DAG: c"perdure.field:lock\00"
// NO-PASSES: error: -disable-llvm-passes leaves every store uninstrumented; remove it, or compile this file without perdure
