// An allocation of any type is the pool's if its result is assigned at once to a persistent place: a
// pointer to volatile memory there would dangle in the next run. Transient places may hold one.
// RUN: %perdure-cc -O0 -S -emit-llvm -o - %s | FileCheck %s
#include <stdlib.h>
#include <string.h>
#define PERSISTENT __attribute__((perdure_persistent))
struct PERSISTENT item {
  char *text;
  struct { int *lengths; } part;
  __attribute__((perdure_transient)) char *scratch;
};
struct plain { char *text; };
PERSISTENT struct plain root;
PERSISTENT char **table;
PERSISTENT char *names[8];
struct plain elsewhere;

// CHECK-LABEL: define {{.*}}@persistent_places
// CHECK: call {{.*}}@perdure_strdup(
// CHECK: call {{.*}}@perdure_calloc(
// CHECK: call {{.*}}@perdure_realloc(
// CHECK: call {{.*}}@perdure_malloc(
// CHECK: call {{.*}}@perdure_strndup(
// CHECK: call {{.*}}@perdure_strdup(
void persistent_places(struct item *item, const char *text, int choice) {
  item->text = strdup(text);
  item->part.lengths = (int *)calloc(4, sizeof(int));
  root.text = realloc(root.text, 64);
  table = malloc(64);
  names[3] = choice ? strndup(text, 2) : (table = 0, strdup(text));
}
// CHECK-LABEL: define {{.*}}@other_places
// CHECK-NOT: @perdure_{{malloc|strdup}}
// CHECK: ret void
void other_places(struct item *item, struct plain *plain, const char *text) {
  char *local = strdup(text);
  item->scratch = malloc(8);
  elsewhere.text = local;
  plain->text = strdup(text);
}
