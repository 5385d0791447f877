// SPDX-License-Identifier: Apache-2.0
//
// What PERDURE_AUDIT asks for. docs/audit.md explains the keys.
#pragma once

#include "status.h"
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace perdure {

struct WatchedRange {
  uint64_t address;
  uint64_t size;
};

struct AuditOptions {
  enum class Action {
    kReport, // findings are printed; the program goes its way
    kFail,   // and an orderly exit ends with kAuditExitStatus
    kAbort,  // the first finding aborts the process
  };
  Action action = Action::kReport;
  uint64_t every = 0; // compare at each N-th cut; 0: as often as costs a fifth of the time at most
  std::string log;    // append to this file; empty: standard error
  std::string suppress;            // file of places that are known
  std::vector<WatchedRange> traps; // name the instructions that write here without a hook
};

inline constexpr int kAuditExitStatus = 66;

// Parses "report|fail|abort[,every=N][,log=FILE][,suppress=FILE][,trap=ADDRESS[+SIZE]]...
// [,trap=@REPORT]"; REPORT is what an earlier run printed.
Result<AuditOptions> parse_audit_options(std::string_view spec);

} // namespace perdure
