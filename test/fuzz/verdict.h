// SPDX-License-Identifier: Apache-2.0
//
// What a fuzz target demands beyond "no crash": that a refusal gives a reason, and that what was
// accepted is what it claims to be.
#pragma once

#include "status.h"
#include <cstdio>
#include <cstdlib>

namespace perdure::fuzz {

inline void demand(bool condition, const std::string &what) {
  if (condition)
    return;
  std::fprintf(stderr, "fuzz: %s\n", what.c_str());
  std::abort();
}

// A refusal is one line that says what is wrong and contains NAME: the file or structure.
inline bool accepted(const Status &status, const std::string &name) {
  if (status)
    return true;
  const std::string &message = status.message();
  demand(message.size() > name.size() && message.find(name) != std::string::npos,
         "a refusal that does not name '" + name + "': " + message);
  return false;
}

} // namespace perdure::fuzz
