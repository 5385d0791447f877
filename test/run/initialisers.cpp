// SPDX-License-Identifier: Apache-2.0
//
// Intent: every form of run-time initialisation of a persistent global runs in the first run only:
// aggregates, arrays of them, function results, class templates, smart pointers, containers.
// RUN: rm -rf %t && mkdir -p %t
// RUN: %perdure-cxx -std=c++20 -O0 -Wall -Werror %s -o %t/O0
// RUN: %perdure-cxx -std=c++20 -O2 -Wall -Werror %s -o %t/O2
// RUN: env PERDURE_POOL=%t/a %t/O0 | FileCheck %s --check-prefix=FIRST
// RUN: env PERDURE_POOL=%t/a %t/O0 | FileCheck %s --check-prefix=SECOND
// RUN: env PERDURE_POOL=%t/b %t/O2 | FileCheck %s --check-prefix=FIRST
// RUN: env PERDURE_POOL=%t/b %t/O2 | FileCheck %s --check-prefix=SECOND
// FIRST: made 7: 2 3 4 5 6 1 1 8 8
// SECOND: made 0: 3 4 5 6 7 2 2 9 8
#include <cstdio>
#include <memory>
#include <perdure/annotations.h>
#include <string>
#include <vector>

static int made;
static int next() { return ++made; }

struct Aggregate {
  std::string text;
  int number;
  std::vector<int> values;
};
template <class T> struct Template {
  T value;
  explicit Template(T given) : value(given) { made++; }
};

PERDURE_PERSISTENT Aggregate aggregate{"longer than the small string buffer", next(), {1, 2, 3}};
PERDURE_PERSISTENT Aggregate aggregates[2] = {{"one", 0, {1}}, {"two", next(), {2}}};
PERDURE_PERSISTENT int plain = next();
PERDURE_PERSISTENT int table[3] = {7, next()};
PERDURE_PERSISTENT Template<int> generic{next()};
PERDURE_PERSISTENT auto owner = std::make_unique<Aggregate>();
PERDURE_PERSISTENT std::vector<std::string> strings[2] = {{"x", "y"}, {}};
PERDURE_PERSISTENT std::pair<int, int> pair = std::make_pair(next(), 3);

int main() {
  strings[1].push_back("another that is longer than the buffer");
  std::printf("made %d: %d %d %d %d %d %d %zu %d %d\n", made, ++aggregate.number,
              ++aggregates[1].number, ++plain, ++table[1], ++generic.value, ++owner->number,
              strings[1].size(), ++pair.first, pair.second + 5);
  return aggregate.values.size() == 3 && strings[0][1] == "y" ? 0 : 1;
}
