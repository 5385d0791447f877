// What persistent roots lead to is described: by value, through pointers and arrays, in standard
// containers down to their nodes; bit-fields, bases and virtual tables have their places. What
// they do not lead to is not.
// RUN: %perdure-cxx -std=c++20 -S -emit-llvm -o - %s | FileCheck %s
// RUN: %perdure-cxx -std=c++20 -S -emit-llvm -o - %s | FileCheck %s --check-prefix=NOT
#include <map>
#include <vector>

namespace bank {
struct unrelated {
  int x;
};
struct currency {
  char code[4];
};
enum class kind : short { giro };
struct base {
  long number;
};
struct account : base {
  unsigned open : 1, level : 5;
  kind what;
  currency *const *money;
  struct {
    int day, month;
  } opened[2];
  void (*callback)(account *);
  [[perdure::transient]] unrelated *scratch;
  char text[];
};
struct shape {
  virtual ~shape();
  double area;
};
} // namespace bank

[[perdure::persistent]] bank::account *table[4];
[[perdure::persistent]] bank::shape *shapes;
[[perdure::persistent]] std::map<int, bank::currency> by_number;
[[perdure::persistent]] std::vector<long> numbers;
void touch() {
  by_number[1] = {};
  numbers.push_back(2);
}

// CHECK-DAG: !{!"table", !"persistent", !"table", !"bank::account*[4]", !"0"}
// CHECK-DAG: !{!"bank::account", !"{{[0-9]+}}", !"(base bank::base)", !"0", !"8", !"bank::base", !"open", !"8", !"1", !"unsigned int:1@0", !"level", !"8", !"1", !"unsigned int:5@1", !"what", !"10", !"2", !"bank::kind", !"money", !"16", !"8", !"bank::currency**", !"opened", !"24", !"16", !"bank::account.opened[2]", !"callback", !"40", !"8", !"void (*)(bank::account *)", !"scratch", !"48", !"8", !"transient bank::unrelated*", !"text", !"56", !"0", !"char[]"}
// CHECK-DAG: !{!"bank::account.opened", !"8", !"day", !"0", !"4", !"int", !"month", !"4", !"4", !"int"}
// CHECK-DAG: !{!"bank::base", !"8", !"number", !"0", !"8", !"long"}
// CHECK-DAG: !{!"bank::currency", !"4", !"code", !"0", !"4", !"char[4]"}
// CHECK-DAG: !{!"bank::shape", !"16", !"(vtable pointer)", !"0", !"8", !"(vtable pointer)", !"area", !"8", !"8", !"double"}
// CHECK-DAG: !{!"std::_Rb_tree<{{[^"]*}}>", !"48", {{.*}}!"(nodes)", !"0", !"0", !"std::_Rb_tree_node<std::pair<const int, bank::currency>>"
// CHECK-DAG: !{!"std::_Rb_tree_node<std::pair<const int, bank::currency>>", !"40", !"(nodes)", !"0", !"0", !"std::_Rb_tree_node<std::pair<const int, bank::currency>>", !"(base std::_Rb_tree_node_base)", !"0", !"32", !"std::_Rb_tree_node_base", !"_M_storage", !"32", !"8", !"__gnu_cxx::__aligned_membuf<std::pair<const int, bank::currency>>"}
// CHECK-DAG: !{!"__gnu_cxx::__aligned_membuf<std::pair<const int, bank::currency>>", !"8", !"(value)", !"0", !"8", !"std::pair<const int, bank::currency>"}
// CHECK-DAG: !{!"std::_Vector_base<long, {{[^"]*}}>::_Vector_impl_data", !"24", !"_M_start", !"0", !"8", !"long*"
// NOT-NOT: !{!"bank::unrelated"
