// Marked types and variables arrive as facts, with both spellings, keys and field offsets.
// RUN: %perdure-cc -std=c2x -S -emit-llvm -o - %s | FileCheck %s
// The program's own annotations survive; ours do not keep globals alive.
// RUN: %perdure-cc -std=c2x -O1 -S -emit-llvm -o - %s | FileCheck %s --check-prefix=ANNOTATIONS
#include <pthread.h>

struct [[perdure::persistent]] item {
  struct item *next;
  [[perdure::transient]] int references;
  int size;
};

struct mixed {
  long kept;
  [[perdure::transient]] pthread_mutex_t mutex;
  [[perdure::relaxed]] long clock;
};

[[perdure::persistent]] struct item *table[16];
static struct mixed state __attribute__((perdure_persistent));
__attribute__((perdure_relaxed)) long hits;
[[perdure::transient]] int pinned;
[[perdure::lock]] pthread_mutex_t locks[4];
[[perdure::lock]] pthread_mutex_t *more_locks;
__attribute__((annotate("own"))) int noted;

int *counter(void) {
  static int count [[perdure::persistent]];
  state.kept++;
  hits++;
  return &count;
}

// CHECK-DAG: !{!"table", !"persistent", !"table", !"item*[16]", !"0"}
// CHECK-DAG: !{!"state", !"persistent", !"attributes_on_records_and_globals.c:state", !"mixed", !"1"}
// CHECK-DAG: !{!"state", !"volatile-span", !"8", !"40"}
// CHECK-DAG: !{!"state", !"relaxed-span", !"48", !"8"}
// CHECK-DAG: !{!"hits", !"relaxed-span", !"0", !"8"}
// CHECK-DAG: !{!"pinned", !"persistent", !"pinned", !"transient int", !"0"}
// CHECK-DAG: !{!"pinned", !"volatile-span", !"0", !"4"}
// CHECK-DAG: !{!"locks", !"lock"}
// CHECK-DAG: !{!"more_locks", !"lock-pointer"}
// CHECK-DAG: !{!"counter.count", !"persistent", !"attributes_on_records_and_globals.c:counter::count", !"int", !"1"}
// CHECK-DAG: !{!"item", !"16", !"next", !"0", !"8", !"item*", !"references", !"8", !"4", !"transient int", !"size", !"12", !"4", !"int"}

// ANNOTATIONS: @llvm.global.annotations = appending global [1 x
// ANNOTATIONS-SAME: @noted
