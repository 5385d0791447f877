// SPDX-License-Identifier: Apache-2.0
//
// Intent: in C++, an object of a class is proposed if its members change, containers with their elements
// too; a guard takes its lock; std::thread and streams are of the process.
// RUN: %perdure-cxx --perdure-propose -O1 -pthread %s -o %t && %perdure-tool propose %t > %t.yaml
// RUN: FileCheck %s < %t.yaml
// RUN: %perdure-cxx --perdure-port=%t.yaml -O1 -pthread %s -o %t
//
// CHECK-LABEL: persistent_types:
// CHECK-NEXT: {{^}}  - shop::Stock {{.*}}# of classes.cpp:shop::stock
// CHECK-LABEL: persistent_globals:
// CHECK-DAG: {{^}}  - classes.cpp:shop::stock {{.*}}made of shop::Product
// CHECK-DAG: {{^}}  - classes.cpp:shop::names
// CHECK-NOT: worker
// CHECK-LABEL: locks:
// CHECK-DAG: {{^}}  - classes.cpp:shop::stock_lock {{.*}}taken in 1 functions
// CHECK-DAG: {{^}}  # - classes.cpp:shop::log_lock
#include <iostream>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace shop {
struct Product { std::string name; int pieces = 0; };
class Stock {
public:
  void add(const std::string &name) { ++products_[name].pieces; ++total_; }
private:
  std::map<std::string, Product> products_;
  int total_ = 0;
};
static Stock stock;
static std::vector<Product> names;
static std::thread worker;
static std::mutex stock_lock, log_lock;

void receive(const std::string &name) {
  std::lock_guard<std::mutex> guard(stock_lock);
  stock.add(name);
  names.push_back({name, 1});
}
void log(const std::string &text) {
  std::lock_guard<std::mutex> guard(log_lock);
  std::cout << text;
}
} // namespace shop

int main() {
  shop::worker = std::thread([] { shop::receive("nut"); });
  for (std::string line; std::getline(std::cin, line);) {
    shop::receive(line);
    shop::log(line);
  }
  shop::worker.join();
}
