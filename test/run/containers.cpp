// SPDX-License-Identifier: Apache-2.0
//
// Intent: standard containers living in the pool log every store, those of the C++ runtime's shared
// object included, in each language mode.
// RUN: %check-matrix %s -std=c++20
// RUN: env LEVELS="-O0 -O2" %check-matrix %s -std=c++11
// RUN: env LEVELS="-O0 -O2" %check-matrix %s -std=c++14
// RUN: env LEVELS="-O0 -O2" %check-matrix %s -std=c++17
// RUN: env LEVELS="-O0 -O2" %check-matrix %s -std=c++2b
#include <algorithm>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

struct All {
  std::map<int, std::string> map;
  std::set<std::string> set;
  std::list<int> list, other;
  std::unordered_map<std::string, int> hash;
  std::vector<std::string> vector;
  std::deque<long> deque;
  std::string text;
  std::shared_ptr<int> shared;
};

struct Wide {
  int values[40];
};
__attribute__((noinline)) Wide makeWide(int seed) {
  Wide wide;
  for (int &value : wide.values)
    value = seed++;
  return wide;
}

struct Base {
  virtual ~Base() {}
  virtual void set(int value) = 0;
};
struct Derived : Base {
  int value = 0;
  void set(int given) override { value = given; }
};

static void trees(All &all) {
  unsigned random = 12345;
  for (int i = 0; i < 500; ++i) {
    random = random * 1664525 + 1013904223;
    all.map[random % 300] += std::string(random % 40, 'a' + i % 26);
    all.set.insert(std::to_string(random % 1000));
    if (i % 3 == 0)
      all.map.erase(random / 7 % 300);
    if (i % 4 == 0 && !all.set.empty())
      all.set.erase(all.set.begin());
  }
  int last = -1;
  for (auto &entry : all.map) {
    if (entry.first <= last)
      throw std::logic_error("map out of order");
    last = entry.first;
  }
}

static void lists(All &all) {
  for (int i = 0; i < 50; ++i)
    all.list.push_front(i * 7 % 50);
  all.list.sort();
  all.list.reverse();
  all.other.assign(5, 9);
  all.list.swap(all.other);
  all.other.splice(all.other.begin(), all.list);
  all.other.remove(9);
  if (all.other.size() != 49 || all.other.front() != 49)
    throw std::logic_error("list");
}

static void strings(All &all) {
  all.text = "short";
  all.text.append(100, 'x').insert(3, "inserted").replace(1, 2, "replaced");
  all.text.erase(5, 3);
  all.text.resize(300, 'r');
  all.text += all.text.substr(10, 20);
  all.text.reserve(1000);
  all.text.shrink_to_fit();
  for (int i = 0; i < 100; ++i) {
    all.hash["key" + std::to_string(i)] = i;
    all.vector.push_back(std::string(i, 'v'));
    all.deque.push_front(i);
    all.deque.push_back(-i);
  }
  std::sort(all.vector.rbegin(), all.vector.rend());
  for (int i = 0; i < 100; i += 2)
    all.hash.erase("key" + std::to_string(i));
  all.shared = std::make_shared<int>(5);
  auto copy = all.shared;
  std::swap(all.vector[3], all.vector[70]);
}

__attribute__((noinline)) static void thrower(int *cell) {
  *cell = 5;
  throw std::runtime_error("thrown");
}

int main() {
  All *all = new All;
  trees(*all);
  lists(*all);
  strings(*all);
  Wide *wide = new Wide(makeWide(3));
  new (wide) Wide(makeWide(9));
  Base *object = new Derived;
  object->set(4);
  int *cell = new int[4];
  try {
    thrower(cell);
  } catch (const std::exception &) {
    cell[1] = 8;
  }
  auto lambda = [=](int value) { cell[2] = value; };
  lambda(7);
  return cell[0] == 5 && wide->values[0] == 9 ? 0 : 1;
}
