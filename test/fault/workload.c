// SPDX-License-Identifier: Apache-2.0
//
// A deterministic program whose state after I steps is known to anybody who knows I, so that a
// later run can tell whether it continues exactly an epoch's state. Each step replaces one block;
// two of them make the image and the log grow. A step is acknowledged twice: on a socket, which the
// output gate holds back by itself, and on a pipe, after perdure_sync(). Both are inherited
// descriptors.
//
//   workload run STEPS SOCKET PIPE | crash ... (SIGKILL at the end)
//   workload check (prints how many steps there are)
//
// Exit status: 0 done; 3 an allocation failed; 4 the pool failed; 5 a promise was broken.
#include <errno.h>
#include <perdure/annotations.h>
#include <perdure/perdure.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { kSlots = 24, kCycle = 60, kGrowImage = 20, kGrowLog = 40, kTries = 3, kFilled = 128 };

struct PERDURE_PERSISTENT block {
  long step;
  size_t size; // of bytes
  unsigned char bytes[];
};
PERDURE_PERSISTENT struct block *slots[kSlots];
PERDURE_PERSISTENT long steps;
static int acks, synced; // descriptors

void fault_phase(const char *name) __attribute__((weak)); // the injector's
static void phase(const char *name) {
  if (fault_phase)
    fault_phase(name);
}

static int grows(long step) { return step % kCycle == kGrowImage || step % kCycle == kGrowLog; }
static size_t size_of(long step) {
  switch (step % kCycle) {
  case kGrowImage:
    return (size_t)(6 + 6 * (step / kCycle)) << 20;
  case kGrowLog:
    return (size_t)500000 << step / kCycle % 3; // larger than the log has become
  default:
    return 200 + (size_t)(step * 977 % 3000);
  }
}

// Blocks of megabytes are written at their ends only.
static int is_filled(size_t at, size_t size) {
  return size < (4u << 20) || at < kFilled || at >= size - kFilled;
}
static unsigned char byte_at(long step, size_t at) {
  return (unsigned char)((size_t)step * 31 + at * 7 + (at >> 8));
}

PERDURE_TRANSACTION int replace(long step) {
  const size_t size = size_of(step);
  struct block *made = malloc(sizeof *made + size);
  if (!made)
    return -1;
  made->step = step;
  made->size = size;
  for (size_t at = 0; at < size; at++)
    if (is_filled(at, size))
      made->bytes[at] = byte_at(step, at);
  free(slots[step % kSlots]);
  slots[step % kSlots] = made;
  steps = step;
  return 0;
}

static int check(void) {
  long expected[kSlots] = {0};
  for (long step = 1; step <= steps; step++)
    expected[step % kSlots] = step;
  for (int i = 0; i < kSlots; i++) {
    const struct block *found = slots[i];
    if (!found != !expected[i] || (found && found->step != expected[i]) ||
        (found && found->size != size_of(found->step)))
      return printf("after %ld steps slot %d is not that of step %ld\n", steps, i, expected[i]), 5;
    for (size_t at = 0; found && at < found->size; at++)
      if (is_filled(at, found->size) && found->bytes[at] != byte_at(found->step, at))
        return printf("after %ld steps byte %zu of slot %d is wrong\n", steps, at, i), 5;
  }
  printf("%ld\n", steps);
  return 0;
}

// The pool has failed: nothing may be acknowledged from here on, yet the program runs on.
static int after_failure(void) {
  for (int i = 0; i < kTries; i++) {
    if (replace(steps + 1) == 0 && perdure_sync() == 0)
      return printf("perdure_sync() succeeded after it had failed\n"), 5;
    const long step = steps;
    if (send(acks, &step, sizeof step, MSG_NOSIGNAL) == (ssize_t)sizeof step)
      return printf("output was taken although its update cannot become durable\n"), 5;
  }
  return 4;
}

static int run(long count) {
  int status = 0;
  for (const long last = steps + count; status == 0 && steps < last;) {
    const long step = steps + 1;
    phase(step % kCycle == kGrowImage ? "grow_image"
          : step % kCycle == kGrowLog ? "grow_log"
                                      : "run");
    int tries = 0;
    while (replace(step) != 0)
      if (++tries == kTries)
        return 3;
    if (send(acks, &step, sizeof step, MSG_NOSIGNAL) != (ssize_t)sizeof step && errno != EIO &&
        errno != EPIPE && errno != ENOMEM)
      return perror("send"), 5;
    // A phase of its own ends with what it began: the committer's calls are counted in it.
    if (step % 3 != 0 && !grows(step))
      continue;
    if (perdure_sync() != 0)
      status = after_failure();
    else
      (void)!write(synced, &step, sizeof step);
  }
  if (status == 0 && perdure_sync() != 0)
    status = after_failure();
  phase("close");
  return status;
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "check") == 0)
    return check();
  if (argc < 5 || check() != 0)
    return 5;
  acks = atoi(argv[3]);
  synced = atoi(argv[4]);
  const int status = run(atol(argv[2]));
  if (strcmp(argv[1], "crash") == 0)
    kill(getpid(), SIGKILL);
  return status;
}
