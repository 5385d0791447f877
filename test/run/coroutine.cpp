// SPDX-License-Identifier: Apache-2.0
//
// Intent: a coroutine's frame is pool memory when operator new is; stores to it are recorded after
// the split, also where only the thin LTO link would split.
// RUN: %check-matrix %s -std=c++20
// RUN: env LEVELS="-O0 -O2" %check-matrix %s -std=c++20 -flto=thin
#include <coroutine>

struct Generator {
  struct promise_type {
    int current = 0;
    Generator get_return_object() {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    std::suspend_always yield_value(int value) {
      current = value;
      return {};
    }
    void return_void() {}
    void unhandled_exception() {}
  };
  std::coroutine_handle<promise_type> handle;
};

Generator count(int limit) {
  int squares[8] = {};
  for (int i = 0; i < limit; ++i) {
    squares[i % 8] = i * i;
    co_yield squares[i % 8];
  }
}

Generator *kept;

int main() {
  kept = new Generator(count(5));
  int sum = 0;
  for (kept->handle.resume(); !kept->handle.done(); kept->handle.resume())
    sum += kept->handle.promise().current;
  return sum == 30 ? 0 : 1;
}
