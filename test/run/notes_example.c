// Intent: the program in the README does what the README shows, here and built by another compiler.
// RUN: rm -rf %t && mkdir -p %t
// RUN: %perdure-cc -O2 -Wall -Werror %S/../../examples/notes/notes.c -o %t/notes
// RUN: env PERDURE_POOL=%t/pool %t/notes "buy milk" | FileCheck %s --check-prefix=FIRST
// RUN: env PERDURE_POOL=%t/pool %t/notes "call home" | FileCheck %s --check-prefix=SECOND
// RUN: %perdure-tool check %t/pool
// RUN: %t/notes | count 0
// RUN: gcc -Wall -Wextra -Werror -I%perdure-include %S/../../examples/notes/notes.c -o %t/plain
// RUN: %t/plain "buy milk" | FileCheck %s --check-prefix=FIRST
// FIRST: buy milk
// SECOND: call home
// SECOND-NEXT: buy milk
