// SPDX-License-Identifier: Apache-2.0
#include "driver.h"

namespace bench {

const structure *find_structure(const std::string &name) {
  for (const structure *const *candidate = structures; *candidate; candidate++)
    if ((*candidate)->name == name)
      return *candidate;
  return nullptr;
}

} // namespace bench
