// std::getline and >> into a string allocate inside libstdc++.so. Where the unit's strings are pool
// memory, what they allocate is too: a line may be moved into a persistent object.
// RUN: %perdure-cxx -std=c++17 -S -emit-llvm -o - %s | FileCheck %s
// RUN: %perdure-cxx -std=c++20 -O2 -S -emit-llvm -o - %s | FileCheck %s
// RUN: %perdure-cxx -std=c++17 -DVOLATILE -S -emit-llvm -o - %s | FileCheck %s --check-prefix=VOLATILE
#include <istream>
#include <string>
#include <vector>

#ifdef VOLATILE
std::vector<std::string> lines;
#else
[[perdure::persistent]] std::vector<std::string> lines;
#endif

// CHECK-NOT: @_ZSt7getlineIcSt11char_traits{{.*}}S4_(
// CHECK-DAG: {{call|invoke}} {{.*}}@perdure_string_getline(
// CHECK-DAG: {{call|invoke}} {{.*}}@perdure_string_getword(
// VOLATILE-NOT: @perdure_string_get
void read(std::istream &in) {
  std::string word, line;
  in >> word;
  std::getline(in, line, ';');
  lines.push_back(std::move(line));
  lines.push_back(word + "");
}
