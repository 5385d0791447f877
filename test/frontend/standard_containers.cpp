// The allocator's instances for what a persistent variable holds make pool memory, others do not.
// RUN: %perdure-cxx -std=c++11 -S -emit-llvm -o - %s | FileCheck %s
// RUN: %perdure-cxx -std=c++17 -S -emit-llvm -o - %s | FileCheck %s
// RUN: %perdure-cxx -std=c++20 -S -emit-llvm -o - %s | FileCheck %s
// RUN: %perdure-cxx -std=c++2b -O2 -S -emit-llvm -o - %s | FileCheck %s
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

struct entry { std::list<long> places; };
struct store {
  std::map<int, entry> ordered;
  std::unordered_map<unsigned, short> hashed;
  std::deque<unsigned short> queue;
  std::shared_ptr<unsigned char> shared;
  [[perdure::transient]] std::vector<double> scratch;
};
[[perdure::persistent]] store inventory;
[[perdure::persistent]] std::string title;
std::vector<float> elsewhere;

void use() {
  inventory.ordered[1].places.push_back(2);
  inventory.hashed[1] = 2;
  inventory.queue.push_back(1);
  inventory.shared = std::make_shared<unsigned char>(1);
  inventory.scratch.push_back(1);
  title += "some text";
  elsewhere.push_back(1);
}
// CHECK-DAG: !{!"{{.*}}new_allocatorIcE8allocateEmPKv", !"allocates"}
// CHECK-DAG: !{!"{{.*}}new_allocatorISt10_List_nodeIlEE8allocateEmPKv", !"allocates"}
// CHECK-DAG: !{!"{{.*}}new_allocatorISt13_Rb_tree_nodeISt4pairIKi5entryEEE8allocateEmPKv", !"allocates"}
// CHECK-DAG: !{!"{{.*}}new_allocatorINSt8__detail10_Hash_nodeISt4pairIKjsELb0EEEE8allocateEmPKv", !"allocates"}
// CHECK-DAG: !{!"{{.*}}new_allocatorIPNSt8__detail15_Hash_node_baseEE8allocateEmPKv", !"allocates"}
// CHECK-DAG: !{!"{{.*}}new_allocatorItE8allocateEmPKv", !"allocates"}
// CHECK-DAG: !{!"{{.*}}new_allocatorIPtE8allocateEmPKv", !"allocates"}
// CHECK-DAG: !{!"{{.*}}new_allocatorISt23_Sp_counted_ptr_inplaceIh{{.*}}8allocateEmPKv", !"allocates"}
// CHECK-NOT: new_allocatorIdE8allocateEmPKv", !"allocates"
// CHECK-NOT: new_allocatorIfE8allocateEmPKv", !"allocates"
// RUN: %perdure-cxx -std=c++17 -S -emit-llvm -o - %s | FileCheck %s --check-prefix=VOLATILE
// VOLATILE-NOT: new_allocatorI{{[df]}}E8allocateEmPKv", !"allocates"
