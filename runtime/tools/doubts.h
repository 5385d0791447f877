// SPDX-License-Identifier: Apache-2.0
//
// What a check found that is not as it should be, though nothing else depends on it: counted, the
// first of them kept.
#pragma once

#include "pool_facts.h"
#include <string>
#include <vector>

namespace perdure {

class Doubts {
public:
  void add(const std::string &doubt) {
    if (count_++ < kKeptMax)
      kept_.push_back(doubt);
  }
  uint64_t count() const { return count_; }
  // The first, and how many more. REQUIRES: there is one
  std::string summary() const {
    return kept_.front() +
           (count_ == 1 ? "" : " (and " + std::to_string(count_ - 1) + " doubts more)");
  }
  void add_to(PoolFacts &facts) const {
    facts.add_number("doubt_count", "doubts", count_, std::to_string(count_));
    facts.add_list("doubts", "", kept_);
  }

private:
  static constexpr uint64_t kKeptMax = 100;
  uint64_t count_ = 0;
  std::vector<std::string> kept_;
};

} // namespace perdure
