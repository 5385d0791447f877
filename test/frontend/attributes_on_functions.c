// Each function attribute is a fact under the function's symbol; an external declaration counts too.
// RUN: %perdure-cc -S -emit-llvm -o - %s | FileCheck %s
#include <perdure/annotations.h>

PERDURE_TRANSACTION void transfer(void) {}
PERDURE_COMMIT_POINT int wait_for_events(int);
PERDURE_ALLOCATES void grow(void) {}
PERDURE_VOLATILE_HEAP void scratch(void) {}
PERDURE_SKIP_IF_RECOVERED void fill(void) {}
PERDURE_SKIP_IF_RECOVERED_RETURNING(-1) int prepare(void) { return 0; }
PERDURE_RUN_THEN_RESTORE void reset(void) {}
PERDURE_RECOVERY void repair(void) {}
PERDURE_RECOVERY PERDURE_NEW_POOLS void adopt(void) {}
PERDURE_PERSISTENT_SCOPE void command(void) {}
PERDURE_VOLATILE_SCOPE void reply(void) {}
PERDURE_RELAXED_STORES void parse(void) {}
PERDURE_GATED_OUTPUT int answer(int);
PERDURE_WRITES("1:ret,2:a3*a0") long fetch(int, char *, long *, long);
int plain(void) { return 0; }

// CHECK-DAG: !{!"transfer", !"transaction"}
// CHECK-DAG: !{!"wait_for_events", !"commit-point"}
// CHECK-DAG: !{!"grow", !"allocates"}
// CHECK-DAG: !{!"scratch", !"volatile-heap"}
// CHECK-DAG: !{!"fill", !"skip-if-recovered", !"0"}
// CHECK-DAG: !{!"prepare", !"skip-if-recovered", !"-1"}
// CHECK-DAG: !{!"reset", !"run-then-restore"}
// CHECK-DAG: !{!"repair", !"recovery"}
// CHECK-DAG: !{!"adopt", !"new-pools"}
// CHECK-DAG: !{!"command", !"persistent-scope"}
// CHECK-DAG: !{!"reply", !"volatile-scope"}
// CHECK-DAG: !{!"parse", !"relaxed-stores"}
// CHECK-DAG: !{!"answer", !"gated-output"}
// CHECK-DAG: !{!"fetch", !"writes", !"1:ret,2:a3*a0"}
// CHECK-DAG: !{!"main", !"run-recovery"}
// CHECK-NOT: !{!"plain"
int main(void) { return prepare() + wait_for_events(answer(0)) + (int)fetch(0, 0, 0, 0); }
