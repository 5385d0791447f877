// SPDX-License-Identifier: Apache-2.0
//
// What a unit of ported source tells the runtime of itself, at its end: tables of the structures in
// perdure/abi.h, handed over as the compiler plugin does, by an ELF note (all of a program's are
// read before main) and a constructor (for modules that are loaded later).
#ifndef PERDURE_MODULE_H
#define PERDURE_MODULE_H

#include "abi.h"

#pragma GCC system_header

#define PERDURE_ROWS(TABLE) TABLE, sizeof TABLE / sizeof *TABLE
#define PERDURE_NONE 0, 0
// ROOTS, LOCKS, TYPES, RECOVERY, PINS: each PERDURE_ROWS of a table or PERDURE_NONE.
#define PERDURE_MODULE(SOURCE, FLAGS, ROOTS, LOCKS, TYPES, RECOVERY, PINS)                         \
  static const struct perdure_module_info perdure_module_ __attribute__((used)) = {                \
      PERDURE_ABI_VERSION, FLAGS, SOURCE, ROOTS, LOCKS, TYPES, RECOVERY, PINS};                    \
  __asm__(".pushsection .note.perdure,\"a\",@note\n"                                               \
          ".balign 4\n"                                                                            \
          ".long 8, 8, 1\n"                                                                        \
          ".asciz \"" PERDURE_NOTE_NAME "\"\n"                                                     \
          ".quad perdure_module_ - .\n"                                                            \
          ".popsection\n");                                                                        \
  static void __attribute__((constructor(101))) perdure_register_(void) {                          \
    perdure_register_module(&perdure_module_);                                                     \
  }                                                                                                \
  extern const struct perdure_module_info perdure_module_end_

#endif
