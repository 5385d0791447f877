static int count; // the first token of the file
// Intent: a file that begins or ends with what is changed gets its two generated files all the same.
//
// RUN: rm -rf %t && mkdir %t && cp %s %t/unit.c && cd %t
// RUN: echo "persistent_globals: [unit.c:count]" > port.yaml
// RUN: perdure-port --port port.yaml -o out unit.c -- -std=c11
// RUN: sed '/^ *\/\/ CHECK/d' out/unit.c | FileCheck %s
// RUN: gcc -std=c11 -Wall -Wextra -Werror -I %perdure-include -c %t/out/unit.c -o %t/unit.o
// CHECK: {{^}}#include "{{unit.perdure.h}}"
// CHECK-NEXT: typedef int perdure_type_count;
// CHECK: {{^}}#include "unit.perdure.inc"
int next(void) { return ++count; }
