// Recovery runs before main, unless another function is named for it.
// RUN: %perdure-cc -S -emit-llvm -o - %s | FileCheck %s
#include <perdure/annotations.h>
PERDURE_RECOVER_BEFORE void start_threads(void) {}
int main(void) { start_threads(); }
// CHECK-NOT: !{!"main"
// CHECK: !{!"start_threads", !"run-recovery"}
// CHECK-NOT: !{!"main"
