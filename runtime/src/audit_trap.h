// SPDX-License-Identifier: Apache-2.0
//
// Who wrote it: names the instructions that write given bytes of the pool (PERDURE_AUDIT=trap=...).
// Their pages are write-protected. A store to one faults; the handler opens the page, lets the
// thread execute that one instruction by the processor's trap flag, notes its address if the bytes
// changed, and closes the page again. Limits: another thread's store while a page is open goes
// unseen; a system call that writes to a closed page fails with EFAULT; a program that installs its
// own SIGSEGV handler later takes ours away.
#pragma once

#include "audit_options.h"
#include <cstdint>
#include <string>
#include <vector>

namespace perdure {

class WriteTrap {
public:
  // Installs the signal handlers and closes the pages of RANGES. REQUIRES: once a process.
  static void start(const std::vector<WatchedRange> &ranges);
  static bool started();

  // Offsets [begin, end) were recorded: their writers so far have a hook.
  static void recorded(uint64_t begin, uint64_t end);
  // The instructions that changed a watched byte of offsets [begin, end) since it was last
  // recorded, one a line, for people. Empty if none was seen.
  static std::vector<std::string> writers(uint64_t begin, uint64_t end);
};

} // namespace perdure
