// SPDX-License-Identifier: Apache-2.0
//
// Intent: a persistent C++ global is constructed in the first run only, with the side effects of
// its constructor, and never destroyed. An ordinary one beside it is, in each run.
// RUN: rm -rf %t && mkdir -p %t
// RUN: %perdure-cxx -O0 -Wall -Werror %s -o %t/O0
// RUN: %perdure-cxx -O2 -Wall -Werror %s -o %t/O2
// RUN: env PERDURE_POOL=%t/a %t/O0 | FileCheck %s --check-prefix=FIRST
// RUN: env PERDURE_POOL=%t/a %t/O0 | FileCheck %s --check-prefix=SECOND
// RUN: env PERDURE_POOL=%t/b %t/O2 | FileCheck %s --check-prefix=FIRST
// RUN: env PERDURE_POOL=%t/b %t/O2 | FileCheck %s --check-prefix=SECOND
// FIRST: registry made
// FIRST-NEXT: words filled
// FIRST-NEXT: ordinary made
// FIRST-NEXT: 2 words, started is 2, registry 1
// FIRST-NEXT: ordinary destroyed
// FIRST-NOT: destroyed
// SECOND-NOT: registry made
// SECOND-NOT: words filled
// SECOND: ordinary made
// SECOND-NEXT: 3 words, started is 3, registry 2
// SECOND-NEXT: ordinary destroyed
// SECOND-NOT: destroyed
#include <cstdio>
#include <map>
#include <perdure/annotations.h>
#include <string>

struct Registry {
  int uses = 0;
  Registry() { std::puts("registry made"); }
  ~Registry() { std::puts("registry destroyed"); }
};
struct Ordinary {
  Ordinary() { std::puts("ordinary made"); }
  ~Ordinary() { std::puts("ordinary destroyed"); }
};

static std::map<int, std::string> fill() {
  std::puts("words filled");
  return {{1, "a word longer than the small string buffer"}, {2, "two"}};
}

PERDURE_PERSISTENT Registry registry;
PERDURE_PERSISTENT std::map<int, std::string> words = fill();
Ordinary ordinary;
static size_t started = words.size(); // reads a persistent global: runs each time

int main() {
  registry.uses++;
  std::printf("%zu words, started is %zu, registry %d\n", words.size(), started, registry.uses);
  if (words[1] != "a word longer than the small string buffer")
    std::puts("the text changed");
  words[static_cast<int>(words.size()) + 1] = "more";
}
