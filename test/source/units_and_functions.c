// Intent: transactions, commit points, start-up functions, gated outputs, locks and recovery are
// visible calls; pointers to functions are pins.
//
// RUN: rm -rf %t && mkdir %t && cp %s %t/unit.c && cd %t
// RUN: %perdure-port-one unit.c -- -I %perdure-include
// RUN: sed '/^ *\/\/ CHECK/d' out/unit.c | FileCheck %s
// RUN: FileCheck %s --check-prefix=TAIL --input-file=%t/out/unit.perdure.inc
// RUN: gcc -std=c11 -Wall -Wextra -Werror -I %perdure-include -c %t/out/unit.c -o %t/unit.o
#include <perdure/annotations.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>

struct PERDURE_PERSISTENT item {
  void (*release)(struct item *);
  void (*destroy)(void *);
  PERDURE_LOCK pthread_mutex_t lock;
};
PERDURE_LOCK static pthread_mutex_t guard;
PERDURE_COMMIT_POINT int wait_for_events(int timeout);
PERDURE_GATED_OUTPUT void send_reply(int fd);

// CHECK: PERDURE_TRANSACTION void add(void) {
// CHECK-NEXT: PERDURE_UNIT;
PERDURE_TRANSACTION void add(void) {
  pthread_mutex_lock(&guard);
  pthread_mutex_unlock(&guard);
}
// CHECK: PERDURE_SKIP_IF_RECOVERED int start(void) {
// CHECK-NEXT: if (perdure_is_recovered()) { return 0; }
// CHECK-NEXT: return 1; }
PERDURE_SKIP_IF_RECOVERED int start(void) { return 1; }
// CHECK: PERDURE_RUN_THEN_RESTORE void warm(void) {
// CHECK-NEXT: PERDURE_RESTORE_AT_EXIT;
PERDURE_RUN_THEN_RESTORE void warm(void) {}
PERDURE_RECOVERY void repair(void) {}

void release(struct item *item) { (void)item; }
// CHECK: static void (*const table[])(struct item *) = {PERDURE_FUNCTION(release)};
static void (*const table[])(struct item *) = {release};
static void *worker(void *argument) { return argument; }

int loop(struct item *item) {
  jmp_buf back;
  pthread_t thread;
  // CHECK: if (PERDURE_SETJMP(setjmp(back)))
  if (setjmp(back))
    return 1;
  // CHECK: PERDURE_W(item->release) = PERDURE_FUNCTION(release);
  item->release = release;
  // CHECK: PERDURE_W(item->release) = &PERDURE_FUNCTION(release);
  item->release = &release;
  // A function of libc lies elsewhere in the next run, too.
  // CHECK: PERDURE_W(item->destroy) = PERDURE_FUNCTION(free);
  item->destroy = free;
  // CHECK: perdure_unit_mutex_lock(&item->lock);
  pthread_mutex_lock(&item->lock);
  pthread_mutex_unlock(&item->lock);
  // CHECK: pthread_create(&thread, 0, worker, item);
  pthread_create(&thread, 0, worker, item);
  // CHECK: while (PERDURE_PAUSED(wait_for_events(-1)) > 0)
  while (wait_for_events(-1) > 0)
    // CHECK: (perdure_output_wait(), send_reply(1));
    send_reply(1);
  return item->release == table[0];
}

// CHECK: int main(void) {
// CHECK-NEXT: perdure_run_recovery();
int main(void) { return start(); }
// TAIL: {"guard", (void *)&guard, sizeof guard, PERDURE_LOCK_IS},
// TAIL: static void (*const perdure_recovery_[])(void) = {repair};
// TAIL: {"free", (void *)perdure_pin_free, __extension__ (const void *)free, PERDURE_STUB_SIZE, "void (ptr)", PERDURE_PIN_FUNCTION, 0},
// TAIL: {"release", (void *)perdure_pin_release, __extension__ (const void *)release, PERDURE_STUB_SIZE, "void (ptr)", PERDURE_PIN_FUNCTION, PERDURE_PIN_STRONG},
// TAIL: PERDURE_MODULE_NOTES_AHEAD | PERDURE_MODULE_HAS_UNITS | PERDURE_MODULE_COMMIT_POINTS | PERDURE_MODULE_HAS_SECTIONS
