// SPDX-License-Identifier: Apache-2.0
#include "interrupt.h"
#include <csignal>
#include <initializer_list>

namespace perdure {

static volatile sig_atomic_t signalled = 0;

void catch_interrupts() {
  struct sigaction action = {};
  action.sa_handler = [](int) { signalled = 1; }; // no SA_RESTART: what waits ends
  for (const int number : {SIGINT, SIGTERM, SIGHUP})
    sigaction(number, &action, nullptr);
}

bool interrupted() { return signalled != 0; }

} // namespace perdure
