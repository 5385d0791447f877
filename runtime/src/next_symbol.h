// SPDX-License-Identifier: Apache-2.0
//
// The function that an interposed one stands in front of (libc's, or a sanitizer's).
#pragma once

#include "check.h"
#include <dlfcn.h>

namespace perdure {

// Resolved when the library starts, or on first use: interposed functions are called before any
// constructor runs. Not later: a thread of the runtime would wait for the loader's lock, which the
// thread that waits for it holds if it ends the process from inside dlopen().
template <typename Result, typename... Parameters> class NextSymbol {
public:
  // The function pointer only gives the type.
  constexpr NextSymbol(Result (*)(Parameters...), const char *name) : name_(name) {}

  Result operator()(Parameters... parameters) {
    if (__builtin_expect(!function_, 0))
      look_up();
    return function_(parameters...);
  }

  bool is_known() const { return function_ != nullptr; }
  void look_up() {
    find();
    PERDURE_CHECK(function_, name_);
  }
  // It may be that there is none, and that nobody calls it.
  void find() {
    if (!function_)
      function_ = reinterpret_cast<Result (*)(Parameters...)>(dlsym(RTLD_NEXT, name_));
  }

private:
  const char *name_;
  Result (*function_)(Parameters...) = nullptr;
};

} // namespace perdure

// Declares the next NAME as next_NAME.
#define PERDURE_NEXT(name)                                                                         \
  static constinit perdure::NextSymbol next_##name(&name, #name);                                  \
  __attribute__((constructor(101))) static void find_##name() { next_##name.find(); }              \
  static_assert(true)
