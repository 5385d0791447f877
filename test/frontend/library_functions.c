// Functions of system headers that the unit calls are named: their bodies are not compiled here.
// RUN: %perdure-cc -S -emit-llvm -o - %s | FileCheck %s
#include <stdio.h>
#include <string.h>
extern int elsewhere(void *);
int f(char *p) { return getc(stdin) + elsewhere(p) + (int)strlen(p); }
// CHECK: !{!"getc", !"library"}
// CHECK-NOT: !{!"elsewhere"
// CHECK-NOT: !{!"fopen"
