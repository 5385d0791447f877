// The plugin itself ends a compiler of the other version: LLVM compares only the version of its plugin
// interface, which both have in common, and would crash.
// REQUIRES: other-llvm
// RUN: not %other-llvm/clang -fplugin=%perdure-plugin -c %s -o %t.o 2>&1 | FileCheck %s -DN=%llvm-major -DOTHER=%other-major
// RUN: not %other-llvm/clang -fpass-plugin=%perdure-pass -c %s -o %t.o 2>&1 | FileCheck %s -DN=%llvm-major -DOTHER=%other-major
// RUN: not %other-llvm/opt -load-pass-plugin=%perdure-pass -passes=perdure-late /dev/null 2>&1 | FileCheck %s -DN=%llvm-major -DOTHER=%other-major
// CHECK: perdure: error: this plugin is built for LLVM [[N]], but LLVM here is [[OTHER]].{{.*}}; compile with perdure-clang or clang-[[N]], or build the plugin for this version (PERDURE_LLVM)
// CHECK-NOT: {{bug report|Stack dump}}
int x;
