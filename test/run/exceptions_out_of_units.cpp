// SPDX-License-Identifier: Apache-2.0
//
// Intent: an exception that leaves a transaction ends its unit, as a return does, whether the
// transaction has handlers of its own or not: later commits work and hold what was written.
// RUN: rm -rf %t && mkdir -p %t
// RUN: %perdure-cxx -O0 -Wall -Werror %s -o %t/O0
// RUN: %perdure-cxx -O2 -Wall -Werror %s -o %t/O2
// RUN: env PERDURE_POOL=%t/a not --crash timeout 20 %t/O0 | FileCheck %s --check-prefix=FIRST
// RUN: env PERDURE_POOL=%t/a %t/O0 | FileCheck %s
// RUN: env PERDURE_POOL=%t/b not --crash timeout 20 %t/O2 | FileCheck %s --check-prefix=FIRST
// RUN: env PERDURE_POOL=%t/b %t/O2 | FileCheck %s
// FIRST: committed
// CHECK: thrown 20, handled 10, after 1, open 0
#include <csignal>
#include <cstdio>
#include <perdure/annotations.h>
#include <perdure/perdure.h>
#include <stdexcept>
#include <string>
#include <unistd.h>

PERDURE_PERSISTENT int thrown, handled, after, open_unit;

[[gnu::noinline]] static int may_throw(int value) {
  if (value >= 0)
    throw std::runtime_error("given " + std::to_string(value));
  return value;
}

PERDURE_TRANSACTION [[gnu::noinline]] static int passes_on(int value) {
  thrown++;
  return may_throw(value) + 1;
}
PERDURE_TRANSACTION [[gnu::noinline]] static int handles_some(int value) {
  thrown++;
  try {
    return may_throw(value) + 1;
  } catch (const std::logic_error &) {
    handled += 1000;
  } catch (const std::runtime_error &) {
    handled++;
    throw;
  }
  return 0;
}
PERDURE_TRANSACTION [[gnu::noinline]] static void stays_open() {
  open_unit = 1;
  perdure_sync();
  kill(getpid(), SIGKILL);
}

int main() {
  if (perdure_recovered()) {
    std::printf("thrown %d, handled %d, after %d, open %d\n", thrown, handled, after, open_unit);
    return 0;
  }
  for (int i = 0; i < 10; i++) {
    try {
      passes_on(i);
    } catch (const std::exception &) {
    }
    try {
      handles_some(i);
    } catch (const std::exception &) {
    }
  }
  after = 1;
  if (perdure_sync() == 0)
    std::puts("committed");
  std::fflush(stdout);
  stays_open();
}
