// SPDX-License-Identifier: Apache-2.0
//
// The injector's other half: before one step of the program a resource is used up, and stays so.
//
//   FAULT_LIMIT   RESOURCE:PHASE=VALUE: as (bytes that may be mapped beyond what is), fsize (the
//                 size of a file), nofile (no descriptor more), space (the disk is filled)
//   FAULT_AT      before which call of fault_phase() with that phase, from 1
#define _GNU_SOURCE
#include "limit.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static void limit(int resource, rlim_t value) {
  struct rlimit now;
  getrlimit(resource, &now);
  now.rlim_cur = value;
  setrlimit(resource, &now);
}

static rlim_t mapped_bytes(void) {
  char text[64] = "";
  const long fd = syscall(SYS_openat, AT_FDCWD, "/proc/self/statm", O_RDONLY);
  syscall(SYS_read, fd, text, sizeof text - 1);
  syscall(SYS_close, fd);
  return strtoul(text, NULL, 10) * 4096;
}

// Leaves nothing: large pieces first, then small ones.
static void fill_file_system(const char *pool) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/../ballast", pool);
  const long fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  static char zeros[64 << 10];
  for (size_t piece = sizeof zeros; piece >= 512;)
    if (syscall(SYS_write, fd, zeros, piece) <= 0)
      piece /= 2;
  syscall(SYS_close, fd);
}

void limit_at_phase(const char *phase, const char *pool) {
  static long calls;
  const char *what = getenv("FAULT_LIMIT"), *at = getenv("FAULT_AT");
  const char *of_phase = what ? strchr(what, ':') : NULL;
  const char *value = of_phase ? strchr(of_phase, '=') : NULL;
  if (!value || !at || strncmp(of_phase + 1, phase, (size_t)(value - of_phase - 1)) != 0 ||
      phase[value - of_phase - 1] != 0 || ++calls != atol(at))
    return;
  const size_t number = strtoul(value + 1, NULL, 10);
  if (strncmp(what, "as:", 3) == 0)
    limit(RLIMIT_AS, mapped_bytes() + number);
  else if (strncmp(what, "fsize:", 6) == 0)
    limit(RLIMIT_FSIZE, number);
  else if (strncmp(what, "nofile:", 7) == 0)
    limit(RLIMIT_NOFILE, 0);
  else
    fill_file_system(pool);
}
