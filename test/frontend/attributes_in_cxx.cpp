// Scopes, templates, constructors: facts carry the symbols of what is really emitted.
// RUN: %perdure-cxx -std=c++17 -S -emit-llvm -o - %s | FileCheck %s
namespace bank {
template <typename T> struct [[perdure::persistent]] node {
  [[perdure::relaxed]] long used;
  T value;
  [[perdure::transaction]] void set(const T &v) { value = v; used++; }
};
struct ledger {
  [[perdure::allocates]] ledger() : first(new int) {}
  int *first;
};
namespace { [[perdure::persistent]] node<int> hidden; }
[[perdure::persistent]] ledger book;
inline namespace v1 { struct counters { [[perdure::persistent]] static long total; }; }
long counters::total;
}
void use() { bank::hidden.set(1); }

// CHECK-DAG: !{!"_ZN4bank4nodeIiE3setERKi", !"transaction"}
// CHECK-DAG: !{!"_ZN4bank6ledgerC1Ev", !"allocates"}
// CHECK-DAG: !{!"_ZN4bank6ledgerC2Ev", !"allocates"}
// CHECK-DAG: !{!"_ZN4bank4bookE", !"persistent", !"bank::book", !"bank::ledger", !"0"}
// CHECK-DAG: !{!"_ZN4bank12_GLOBAL__N_16hiddenE", !"persistent", !"attributes_in_cxx.cpp:bank::hidden", !"bank::node<int>", !"1"}
// CHECK-DAG: !{!"_ZN4bank2v18counters5totalE", !"persistent", !"bank::counters::total", !"long", !"0"}
// CHECK-DAG: !{!"bank::node<int>", !"16", !"used", !"0", !"8", !"long", !"value", !"8", !"4", !"int"}
