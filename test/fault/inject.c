// SPDX-License-Identifier: Apache-2.0
//
// Fault injector, preloaded into a program with a pool: makes the N-th call of one kind fail. A
// kind is FUNCTION:FILE:PHASE; the file is one of the pool's (or memory, thread, descriptor), the
// phase is what the program says it does (fault_phase()), or "checkpoint" on the checkpoint's
// thread. Only calls on pool files count, and allocations and threads made by the runtime's own
// library.
//
//   FAULT_POOL    path of the pool              FAULT_TRACE  file that gets a line for each call
//   FAULT_KIND    the kind that fails           FAULT_AT     which of its calls, from 1
//   FAULT_ERROR   errno name, "short" (half of the bytes), "torn" (half, then EIO), "kill" (SIGKILL
//                 before the call)              FAULT_FROM   all calls on the file from there on
//   FAULT_PHASE   the first phase               FAULT_DIRECT 0: O_DIRECT is refused
//
// limit.c has the faults that are no call's: resources that run out.
#define _GNU_SOURCE
#include "limit.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { kNameMax = 64 };

static const struct {
  const char *name;
  int value;
} kErrors[] = {{"EIO", EIO},       {"ENOSPC", ENOSPC},        {"EINTR", EINTR},
               {"EFBIG", EFBIG},   {"ENOMEM", ENOMEM},        {"EMFILE", EMFILE},
               {"EDQUOT", EDQUOT}, {"EAGAIN", EAGAIN},        {"EACCES", EACCES},
               {"ENODEV", ENODEV}, {"EOPNOTSUPP", EOPNOTSUPP}};

static const char *pool, *kind, *error_name, *phase = "start";
static size_t pool_length;
static int trace_fd = -1, error_number = EIO;
static bool from_then_on, no_direct;
static long fail_at;
static char broken_file[kNameMax];
static atomic_long calls;
static atomic_bool gone;
static struct {
  uintptr_t begin, end;
} runtime_code[2];
static __thread bool inside; // the injector's own work

static int note_library(struct dl_phdr_info *info, size_t size, void *unused) {
  (void)size, (void)unused;
  int at = strstr(info->dlpi_name, "libperdure.so") ? 0
           : strstr(info->dlpi_name, "libstdc++")   ? 1
                                                    : -1;
  for (int i = 0; at >= 0 && i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &info->dlpi_phdr[i];
    if (part->p_type == PT_LOAD && (part->p_flags & PF_X)) {
      runtime_code[at].begin = info->dlpi_addr + part->p_vaddr;
      runtime_code[at].end = runtime_code[at].begin + part->p_memsz;
    }
  }
  return 0;
}

static void start(void) {
  const char *value = getenv("FAULT_POOL");
  pool = value ? value : "";
  pool_length = strlen(pool);
  kind = getenv("FAULT_KIND");
  fail_at = (value = getenv("FAULT_AT")) ? atol(value) : 1;
  from_then_on = getenv("FAULT_FROM") != NULL;
  no_direct = (value = getenv("FAULT_DIRECT")) && *value == '0';
  if ((value = getenv("FAULT_PHASE")))
    phase = value;
  error_name = getenv("FAULT_ERROR");
  for (size_t i = 0; error_name && i < sizeof kErrors / sizeof *kErrors; i++)
    if (strcmp(error_name, kErrors[i].name) == 0)
      error_number = kErrors[i].value;
  if (kind) { // FUNCTION:FILE:PHASE
    const char *file = strchr(kind, ':') + 1;
    snprintf(broken_file, sizeof broken_file, "%.*s", (int)strcspn(file, ":"), file);
  }
  if ((value = getenv("FAULT_TRACE")))
    trace_fd =
        (int)syscall(SYS_openat, AT_FDCWD, value, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  dl_iterate_phdr(note_library, NULL);
}

void fault_phase(const char *name) {
  phase = name;
  limit_at_phase(name, pool);
}

// What PATH is to the pool; null: nothing.
static const char *file_of(const char *path) {
  if (pool_length == 0 || !path)
    return NULL;
  if (strncmp(path, pool, pool_length) != 0) {
    const size_t parent = (size_t)(strrchr(pool, '/') - pool);
    return strncmp(path, pool, parent) == 0 && path[parent] == 0 ? "parent" : NULL;
  }
  path += pool_length;
  if (strncmp(path, ".new", 4) == 0)
    path += 4;
  if (*path == 0)
    return "directory";
  if (strcmp(path, ".log") == 0)
    return "log";
  static const char *const kFiles[] = {"superblock", "image", "log", "lock"};
  for (size_t i = 0; i < sizeof kFiles / sizeof *kFiles; i++)
    if (*path == '/' && strcmp(path + 1, kFiles[i]) == 0)
      return kFiles[i];
  return NULL;
}

static const char *file_of_descriptor(int fd) {
  char link[32], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = syscall(SYS_readlink, link, path, sizeof path - 1);
  if (length <= 0)
    return NULL;
  path[length] = 0;
  return file_of(path);
}

// Called for each call; true if it must fail.
static bool is_due(const char *function, const char *file) {
  char thread[16] = "", name[kNameMax];
  prctl(PR_GET_NAME, thread);
  const char *now = strcmp(thread, "perdure-ckpt") == 0 ? "checkpoint" : phase;
  const int length = snprintf(name, sizeof name, "%s:%s:%s\n", function, file, now);
  if (trace_fd >= 0)
    syscall(SYS_write, trace_fd, name, (size_t)length);
  if (!kind)
    return false;
  if (from_then_on && atomic_load(&gone))
    return strcmp(file, broken_file) == 0;
  name[length - 1] = 0;
  if (strcmp(name, kind) != 0 || atomic_fetch_add(&calls, 1) + 1 != fail_at)
    return false;
  atomic_store(&gone, true);
  if (trace_fd >= 0)
    syscall(SYS_write, trace_fd, "failed\n", 7);
  if (error_name && strcmp(error_name, "kill") == 0)
    syscall(SYS_kill, getpid(), SIGKILL);
  return true;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool fails(const char *function, const char *file) {
  if (inside)
    return false;
  inside = true;
  const int saved = errno;
  const bool due = file && is_due(function, file);
  errno = due ? error_number : saved;
  inside = false;
  return due;
}

static bool fails_at_path(const char *function, const char *path) {
  pthread_once(&once, start);
  return fails(function, file_of(path));
}

static bool fails_at_fd(const char *function, int fd) {
  pthread_once(&once, start);
  const int saved = errno;
  const char *file = file_of_descriptor(fd);
  errno = saved;
  return fails(function, file);
}

// For memory and threads: those of the runtime (or of the C++ library, which only it uses).
static bool fails_for_runtime(const char *function, const char *what, const void *caller) {
  if (inside)
    return false;
  inside = true; // start() may allocate
  pthread_once(&once, start);
  inside = false;
  for (int i = 0; i < 2; i++)
    if ((uintptr_t)caller >= runtime_code[i].begin && (uintptr_t)caller < runtime_code[i].end)
      return fails(function, what);
  return false;
}

static bool is_partial(void) {
  return error_name && (strcmp(error_name, "short") == 0 || strcmp(error_name, "torn") == 0);
}

#define NEXT(name)                                                                                 \
  static __typeof__(&name) next;                                                                   \
  if (!next)                                                                                       \
  next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

// A function of a pool file's path, or of its descriptor, that returns -1 when it fails.
#define ON_PATH(result, name, parameters, path, ...)                                               \
  result name parameters {                                                                         \
    NEXT(name);                                                                                    \
    return fails_at_path(#name, path) ? -1 : next(__VA_ARGS__);                                    \
  }
#define ON_FD(result, name, parameters, ...)                                                       \
  result name parameters {                                                                         \
    NEXT(name);                                                                                    \
    return fails_at_fd(#name, fd) ? -1 : next(__VA_ARGS__);                                        \
  }

ON_PATH(int, stat, (const char *path, struct stat *info), path, path, info)
ON_PATH(int, access, (const char *path, int mode), path, path, mode)
ON_PATH(int, mkdir, (const char *path, mode_t mode), path, path, mode)
ON_PATH(int, unlink, (const char *path), path, path)
ON_PATH(int, rmdir, (const char *path), path, path)
ON_PATH(int, rename, (const char *from, const char *to), from, from, to)
ON_PATH(int, symlink, (const char *target, const char *path), path, target, path)
ON_FD(int, fsync, (int fd), fd)
ON_FD(int, fdatasync, (int fd), fd)
ON_FD(int, sync_file_range, (int fd, off_t offset, off_t size, unsigned flags), fd, offset, size,
      flags)
ON_FD(int, ftruncate, (int fd, off_t size), fd, size)
ON_FD(int, fallocate, (int fd, int mode, off_t offset, off_t size), fd, mode, offset, size)
ON_FD(int, fstat, (int fd, struct stat *info), fd, info)
ON_FD(off_t, lseek, (int fd, off_t offset, int whence), fd, offset, whence)

int posix_fallocate(int fd, off_t offset, off_t size) {
  NEXT(posix_fallocate);
  return fails_at_fd("posix_fallocate", fd) ? error_number : next(fd, offset, size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
  NEXT(pwrite);
  if (!fails_at_fd("pwrite", fd))
    return next(fd, data, size, offset);
  if (!is_partial())
    return -1;
  const size_t part = size % 512 == 0 ? size / 1024 * 512 : size / 2; // whole sectors for O_DIRECT
  const ssize_t half = part != 0 ? next(fd, data, part, offset) : -1;
  errno = EIO;
  return strcmp(error_name, "short") == 0 ? half : -1;
}

ssize_t pread(int fd, void *data, size_t size, off_t offset) {
  NEXT(pread);
  if (!fails_at_fd("pread", fd))
    return next(fd, data, size, offset);
  return is_partial() && size > 1 ? next(fd, data, size / 2, offset) : -1;
}

int open(const char *path, int flags, ...) {
  NEXT(open);
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = va_arg(arguments, mode_t);
  va_end(arguments);
  const bool direct = flags & O_DIRECT;
  if (fails_at_path(direct ? "open_direct" : "open", path))
    return -1;
  if (direct && no_direct && file_of(path)) {
    errno = EINVAL;
    return -1;
  }
  return next(path, flags, mode);
}

int fcntl(int fd, int command, ...) {
  NEXT(fcntl);
  va_list arguments;
  va_start(arguments, command);
  void *argument = va_arg(arguments, void *);
  va_end(arguments);
  if (command == F_SETLK && fails_at_fd("lock", fd))
    return -1;
  return next(fd, command, argument);
}

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset) {
  const bool due = flags & MAP_ANONYMOUS
                       ? fails_for_runtime("mmap", "memory", __builtin_return_address(0))
                       : fails_at_fd("mmap", fd);
  return due ? MAP_FAILED : (void *)syscall(SYS_mmap, address, size, protection, flags, fd, offset);
}

int madvise(void *address, size_t size, int advice) {
  NEXT(madvise);
  if (advice == MADV_POPULATE_WRITE && size != 0 &&
      fails_for_runtime("populate", "image", __builtin_return_address(0)))
    return -1;
  return next(address, size, advice);
}

// --- Memory, threads, descriptors ---

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) {
  return fails_for_runtime("malloc", "memory", __builtin_return_address(0)) ? NULL
                                                                            : __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  return fails_for_runtime("calloc", "memory", __builtin_return_address(0))
             ? NULL
             : __libc_calloc(count, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
  return fails_for_runtime("aligned_alloc", "memory", __builtin_return_address(0))
             ? NULL
             : __libc_memalign(alignment, size);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *argument) {
  NEXT(pthread_create);
  return fails_for_runtime("pthread_create", "thread", __builtin_return_address(0))
             ? EAGAIN
             : next(thread, attributes, run, argument);
}

#define ON_DESCRIPTORS(name, parameters, ...)                                                      \
  int name parameters {                                                                            \
    NEXT(name);                                                                                    \
    return fails_for_runtime(#name, "descriptor", __builtin_return_address(0))                     \
               ? -1                                                                                \
               : next(__VA_ARGS__);                                                                \
  }
int eventfd(unsigned value, int flags);
int epoll_create1(int flags);
ON_DESCRIPTORS(eventfd, (unsigned value, int flags), value, flags)
ON_DESCRIPTORS(epoll_create1, (int flags), flags)
ON_DESCRIPTORS(pipe2, (int ends[2], int flags), ends, flags)
