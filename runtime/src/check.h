// SPDX-License-Identifier: Apache-2.0
//
// PERDURE_CHECK guards an invariant that durable data depends on. It is always on: going on after
// it broke could make a wrong state durable, so the process stops where the pool is still sound.
#pragma once

#include <cstdio>
#include <cstdlib>

// Where there is no memory and the caller cannot be told, the process ends: as by a crash, whole
// epochs survive.
[[noreturn]] inline void end_without_memory(const char *what) {
  std::fprintf(stderr,
               "perdure: out of memory for %s: the program ends here; what it acknowledged is in "
               "the pool\n",
               what);
  std::abort();
}

#define PERDURE_CHECK(condition, what)                                                             \
  do {                                                                                             \
    if (__builtin_expect(!(condition), 0)) {                                                       \
      std::fprintf(stderr, "perdure: internal error: %s (%s:%d: %s)\n", what, __FILE__, __LINE__,  \
                   #condition);                                                                    \
      std::abort();                                                                                \
    }                                                                                              \
  } while (0)
