// SPDX-License-Identifier: Apache-2.0
//
// Intent: ways to get a port wrong that the compiler warns of, or is told to trust: each is found,
// with its field, and its corrected twin is clean.
//   memory       an asm statement that says it writes memory, not which
//   library      a function taken for one of the program's own units, which have hooks; it is not
//   system-call  the kernel writes, called past libc's functions
// RUN: rm -rf %t && split-file %s %t && cd %t
// RUN: %clang -O1 -fPIC -shared library.c -o libother.so
// RUN: %perdure-cc -O2 -w --perdure-port=careless.yaml program.c -L. -lother -Wl,-rpath,%t -o broken
// RUN: %perdure-cc -O2 -w -DCLEAN --perdure-port=careful.yaml program.c -L. -lother -Wl,-rpath,%t -o clean
//
// RUN: not env PERDURE_POOL=a PERDURE_AUDIT=fail ./broken memory 2>&1 | FileCheck %s -DFIELD=by_asm --implicit-check-not="missed store"
// RUN: env PERDURE_POOL=b PERDURE_AUDIT=fail ./clean memory 2>&1 | FileCheck %s --check-prefix=CLEAN
// RUN: not env PERDURE_POOL=c PERDURE_AUDIT=fail ./broken library 2>&1 | FileCheck %s -DFIELD=by_library --implicit-check-not="missed store"
// RUN: env PERDURE_POOL=d PERDURE_AUDIT=fail ./clean library 2>&1 | FileCheck %s --check-prefix=CLEAN
// RUN: not env PERDURE_POOL=e PERDURE_AUDIT=fail ./broken system-call 2>&1 | FileCheck %s -DFIELD=by_kernel --implicit-check-not="missed store"
// RUN: env PERDURE_POOL=f PERDURE_AUDIT=fail ./clean system-call 2>&1 | FileCheck %s --check-prefix=CLEAN
// CHECK: missed store at 0x20{{[0-9a-f]*}}+1 in 'entry' (block of {{[0-9]+}} bytes at 0x{{[0-9a-f]+}}, offset {{[0-9]+}}, reached from 'entries'), field '[[FIELD]]'; recorded 00, memory 07
// CHECK-NEXT: 1 missed stores, 0 dangling pointers
// CLEAN-NOT: missed store at
// CLEAN: audit: 0 missed stores, 0 dangling pointers
//--- careless.yaml
persistent_globals: [entries]
extern_writes: {syscall: none}
//--- careful.yaml
persistent_globals: [entries]
extern_writes: {other_store: "0:4"}
//--- library.c
void other_store(int *where) { *where = 7; }
//--- program.c
#include <perdure/annotations.h>
#include <perdure/perdure.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
void other_store(int *where);
struct PERDURE_PERSISTENT entry {
  long id;
  int by_asm, by_library, by_kernel;
} *entries;

static void store_by_asm(int *where) {
#ifdef CLEAN
  asm volatile("movl $7, %0" : "=m"(*where));
#else
  asm volatile("movl $7, (%0)" : : "r"(where) : "memory");
#endif
}

static void store_by_kernel(int *where) {
  int seven = 7, ends[2];
  if (pipe(ends) != 0 || write(ends[1], &seven, sizeof seven) != sizeof seven)
    abort();
  if (syscall(SYS_read, ends[0], where, sizeof *where) != sizeof *where)
    abort();
}

int main(int argc, char **argv) {
  if (argc != 2)
    return 2;
  entries = calloc(1, sizeof *entries);
  perdure_sync();
  if (strcmp(argv[1], "memory") == 0)
    store_by_asm(&entries->by_asm);
  else if (strcmp(argv[1], "library") == 0)
    other_store(&entries->by_library);
  else
    store_by_kernel(&entries->by_kernel);
}
