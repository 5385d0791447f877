// SPDX-License-Identifier: Apache-2.0
//
// Intent: perdure dump follows standard containers to every element, whether they stand in a
// variable, in an element of another or in a block of their own, and never takes a container's own
// end for an element.
// RUN: rm -rf %t && mkdir -p %t
// RUN: %perdure-cxx -std=c++20 -O1 -Wall -Werror %s -o %t/main
// RUN: env PERDURE_POOL=%t/pool %t/main
// RUN: %perdure-tool dump %t/pool | sed "s/   */  /" | FileCheck %s --implicit-check-not=ghost
// RUN: %perdure-tool dump %t/pool | grep -c '^object' | FileCheck %s --check-prefix=OBJECTS
#include <list>
#include <map>
#include <perdure/annotations.h>
#include <string>
#include <unordered_map>
#include <vector>

struct base {
  int number = 0;
};
struct PERDURE_PERSISTENT product : base {
  std::string name;
  std::vector<std::string> tags;
};
PERDURE_PERSISTENT std::map<int, std::list<long>> by_number;
PERDURE_PERSISTENT std::unordered_map<std::string, product> by_name;
PERDURE_PERSISTENT std::list<short> unused, *own;

int main() {
  by_number[10] = {100, 200};
  by_number[20];
  product &bolt = by_name["bolt"];
  bolt.number = 7;
  bolt.name = "a name that is longer than the string itself";
  bolt.tags = {"steel", "zinc", "ghost"};
  bolt.tags.pop_back(); // still in the block
  own = new std::list<short>{5};
}

// CHECK-DAG: _M_storage.first  10
// CHECK-DAG: _M_storage.first  20
// CHECK-DAG: _M_storage  100
// CHECK-DAG: _M_storage  200
// CHECK-DAG: _M_storage.first  "bolt"
// CHECK-DAG: _M_storage.second.number  7
// CHECK-DAG: _M_storage.second.name  "a name that is longer than the string itself"
// CHECK-DAG: _M_storage.second.tags{{.*}}  (2 elements)
// CHECK-DAG: [0]  "steel"
// CHECK-DAG: [1]  "zinc"
// CHECK-DAG: _M_storage  5
// Two nodes of the map, two of a list in it, an array of buckets, a node of the hash table, the
// vector's elements, the list in a block of its own and its node.
// OBJECTS: 9
