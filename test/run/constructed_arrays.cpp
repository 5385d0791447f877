// SPDX-License-Identifier: Apache-2.0
//
// Intent: arrays of objects, inline variables, static members and variables of templates that are
// persistent are constructed in the first run only.
// RUN: rm -rf %t && mkdir -p %t
// RUN: %perdure-cxx -std=c++20 -O0 -Wall -Werror %s -o %t/O0
// RUN: %perdure-cxx -std=c++20 -O2 -Wall -Werror %s -o %t/O2
// RUN: env PERDURE_POOL=%t/a %t/O0 | FileCheck %s --check-prefix=FIRST
// RUN: env PERDURE_POOL=%t/a %t/O0 | FileCheck %s --check-prefix=SECOND
// RUN: env PERDURE_POOL=%t/b %t/O2 | FileCheck %s --check-prefix=FIRST
// RUN: env PERDURE_POOL=%t/b %t/O2 | FileCheck %s --check-prefix=SECOND
// FIRST: 9 made, uses 1 1 1 1 1 1
// SECOND: 0 made, uses 2 2 2 2 2 2
#include <cstdio>
#include <perdure/annotations.h>

static int made;
struct Registry {
  int uses = 0;
  Registry() { made++; }
  ~Registry() { uses = -1; }
};

PERDURE_PERSISTENT Registry array[3];
PERDURE_PERSISTENT Registry matrix[1][2];
PERDURE_PERSISTENT inline Registry shared;
struct Holder {
  PERDURE_PERSISTENT static Registry member;
};
Registry Holder::member;
template <int> struct Family {
  PERDURE_PERSISTENT static inline Registry member;
};
struct Outer {
  int before = 0;
  Registry inner;
};
PERDURE_PERSISTENT Outer outer;

int main() {
  std::printf("%d made, uses %d %d %d %d %d %d\n", made, ++array[2].uses, ++matrix[0][1].uses,
              ++shared.uses, ++Holder::member.uses, ++Family<1>::member.uses, ++outer.inner.uses);
}
