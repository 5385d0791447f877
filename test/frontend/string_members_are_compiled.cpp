// libstdc++ declares std::string's members extern in C++17 and before; left so, they would run
// uninstrumented in libstdc++.so. In a ported unit they are compiled in every mode.
// RUN: %perdure-cxx -std=c++11 -O0 -c %s -o %t.o && llvm-nm -C %t.o | FileCheck %s
// RUN: %perdure-cxx -std=c++14 -O2 -c %s -o %t.o && llvm-nm -C %t.o | FileCheck %s --check-prefix=NO-EXTERN
// RUN: %perdure-cxx -std=c++17 -O0 -c %s -o %t.o && llvm-nm -C %t.o | FileCheck %s
// RUN: %perdure-cxx -std=c++17 -O1 -c %s -o %t.o && llvm-nm -C %t.o | FileCheck %s --check-prefix=NO-EXTERN
// RUN: %perdure-cxx -std=c++17 -O3 -c %s -o %t.o && llvm-nm -C %t.o | FileCheck %s --check-prefix=NO-EXTERN
// RUN: %perdure-cxx -std=c++17 -Oz -c %s -o %t.o && llvm-nm -C %t.o | FileCheck %s --check-prefix=NO-EXTERN
// RUN: %perdure-cxx -std=c++20 -O0 -c %s -o %t.o && llvm-nm -C %t.o | FileCheck %s
// RUN: %perdure-cxx -std=c++2b -O2 -c %s -o %t.o && llvm-nm -C %t.o | FileCheck %s --check-prefix=NO-EXTERN
// Without the plugin they are extern: the check can fail.
// RUN: %clang -std=c++17 -O1 -c %s -o %t.o && llvm-nm -C %t.o | not FileCheck %s --check-prefix=NO-EXTERN
#include <sstream>
#include <string>
std::string text;
void append(const char *s, int n) {
  text.append(s);
  text.replace(0, 1, s);
  text.reserve(n);
  text.insert(3, s);
  text.assign(n, 'x');
}
std::string print(long l) { std::ostringstream out; out << l; return out.str(); }
// CHECK-DAG: {{[TtWw]}} std::{{.*}}basic_string<{{.*}}>::_M_append(
// CHECK-DAG: {{[TtWw]}} std::{{.*}}basic_string<{{.*}}>::_M_replace(
// CHECK-DAG: {{[TtWw]}} std::{{.*}}basic_string<{{.*}}>::_M_create(
// NO-EXTERN-NOT: U std::{{.*}}basic_string<{{.*}}>::_M_
// NO-EXTERN-NOT: U std::{{.*}}basic_string<{{.*}}>::{{append|replace|reserve|insert|assign}}
// NO-EXTERN-NOT: U std::{{.*}}basic_stringbuf<{{.*}}>::{{str|overflow}}
