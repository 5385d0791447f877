// SPDX-License-Identifier: Apache-2.0
#include "restart.h"

#include "epochs.h"
#include "heap_layout.h"
#include "output_gate.h"
#include "runtime.h"

#include <new>
#include <sys/mman.h>

namespace perdure::crash {

// What the parts remember is overwritten, without destructors: their threads have ended, and a
// process that dies does not clean up.
static void forget_last_run() {
  unmap_working_image();
  munmap(reinterpret_cast<void *>(PERDURE_PINS_BASE), kSlotSize);
  new (&Epochs::instance()) Epochs;
  new (&OutputGate::instance()) OutputGate;
  new (&Runtime::instance()) Runtime;
  Runtime::instance().start(); // without PERDURE_POOL: volatile
}

Status start_program(SimulatedStore &store) {
  if (Runtime::instance().mode() != Runtime::Mode::kVolatile)
    forget_last_run();
  use_file_system(&store);
  return Runtime::instance().open("pool,size=64M,log_size=64K");
}

void stop_program() { Runtime::instance().stop(); }

} // namespace perdure::crash
