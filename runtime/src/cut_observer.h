// SPDX-License-Identifier: Apache-2.0
//
// Who looks on while epochs are cut: the audit. Every call is made by the cutter, under its lock.
#pragma once

#include <cstdint>
#include <vector>

namespace perdure {

class CutObserver {
public:
  virtual ~CutObserver() = default;
  // ENTRIES (perdure/abi.h) were taken from the write sets; the next cut copies them. Mutators may
  // be running.
  virtual void taken(const std::vector<uint64_t> &entries) = 0;
  // Everything taken has been copied; mutators are stopped.
  virtual void at_cut() = 0;
  // The same cut; mutators run again.
  virtual void after_cut() = 0;
};

} // namespace perdure
