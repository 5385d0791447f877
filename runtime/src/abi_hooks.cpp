// SPDX-License-Identifier: Apache-2.0
//
// Hooks that instrumented code calls: see perdure/abi.h for who emits each and when.
#include "deferred_frees.h"
#include "epochs.h"
#include "heap_layout.h"
#include "mutator.h"
#include "runtime.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace perdure {
namespace {

constexpr uint64_t entry_of(uint64_t address, uint64_t size) { return address << 16 | size; }

void record_entry(uint64_t entry, uint32_t lane) {
  uint64_t *cursor = &perdure_thread.next[lane];
  for (;;) {
    uint64_t slot = 8;
    asm volatile("xaddq %0, %1" : "+r"(slot), "+m"(*cursor) : : "memory", "cc");
    if (__builtin_expect((slot & PERDURE_CHUNK_FIRST_MASK) != 0, 1)) {
      std::atomic_ref<uint64_t>(*reinterpret_cast<uint64_t *>(slot))
          .store(entry, std::memory_order_release);
      return;
    }
    WriteSet &set = Mutator::current().set(lane);
    if (Runtime::instance().mode() == Runtime::Mode::kDurable) {
      if (!set.extend(cursor))
        Epochs::note_lost_updates();
    } else {
      set.rewind(cursor);
      Runtime::instance().forgot_updates();
    }
  }
}

} // namespace

void record(const void *address, size_t size, uint32_t lane) {
  if (!in_pool(address))
    return;
  auto start = reinterpret_cast<uint64_t>(address);
  while (size != 0) {
    uint64_t length = size < PERDURE_RANGE_MAX ? size : PERDURE_RANGE_MAX;
    record_entry(entry_of(start, length), lane);
    start += length;
    size -= length;
  }
}

// What a setjmp keeps in its frame: the depth of units, and above it that of signal handlers.
constexpr uint32_t kHandlerShift = 24;

} // namespace perdure

using perdure::Epochs;
using perdure::Mutator;
using perdure::record;
using perdure::Runtime;

extern "C" {

void perdure_record_slow(uint64_t entry, uint32_t lane) { perdure::record_entry(entry, lane); }

void perdure_record(const void *address, size_t size) { record(address, size); }

void perdure_record_relaxed(const void *address, size_t size) {
  record(address, size, PERDURE_LANE_RELAXED);
}

void perdure_record_input(const void *address, size_t size) {
  if (Runtime::instance().auditor()) // it would take the bytes for missed stores
    record(address, size, PERDURE_LANE_RELAXED);
}

void perdure_record_string(const char *address) {
  if (perdure::in_pool(address))
    record(address, std::strlen(address) + 1);
}

void perdure_record_object(const void *address) {
  if (!perdure::in_pool(address))
    return;
  Runtime &runtime = Runtime::instance();
  size_t size = 0;
  void *start = runtime.root_of(address, &size);
  if (!start && runtime.has_heap())
    start = runtime.heap().block_of(address, &size);
  if (start)
    record(start, size);
}

void perdure_record_in(const volatile void *address, size_t size, uint32_t lane) {
  record(const_cast<const void *>(address), size, lane);
}

void perdure_unit_begin(void) { Mutator::current().unit_begin(); }
void perdure_unit_end(void) { Mutator::current().unit_end(); }

void perdure_unit_pause(void) {
  if (Epochs::single_mutator)
    perdure::run_deferred_frees();
  Mutator::current().pause();
}

void perdure_unit_resume(void) { Mutator::current().resume(); }

uint32_t perdure_unit_depth(void) {
  Mutator *mutator = Mutator::current_or_null();
  return (mutator ? mutator->depth() : 0) | Mutator::in_handler << perdure::kHandlerShift;
}

void perdure_unit_unwind(uint32_t depth) {
  Mutator::in_handler = depth >> perdure::kHandlerShift;
  if (Mutator *mutator = Mutator::current_or_null())
    mutator->unwind(depth & ((1u << perdure::kHandlerShift) - 1));
}

void perdure_output_wait(void) {
  Epochs &epochs = Epochs::instance();
  Mutator *mutator = Mutator::current_or_null();
  uint64_t ticket = epochs.synchronous() ? epochs.ticket_to_wait_for() : 0;
  if (ticket == 0 || (mutator && mutator->in_open_unit()) || epochs.wait(ticket))
    return;
  // The function that follows cannot be told that its output would be untrue.
  std::fprintf(stderr, "perdure: the pool has failed: the program ends before it acknowledges an "
                       "update that is not durable\n");
  std::abort();
}

int perdure_is_recovered(void) { return Runtime::instance().recovered(); }

int perdure_root_is_recovered(const void *address) {
  return Runtime::instance().root_recovered(address);
}

void *perdure_restore_begin(void) {
  Runtime &runtime = Runtime::instance();
  return runtime.recovered() ? new std::vector<std::byte>(runtime.save_roots()) : nullptr;
}

void perdure_restore_end(void *saved) {
  auto *bytes = static_cast<std::vector<std::byte> *>(saved);
  if (bytes)
    Runtime::instance().restore_roots(*bytes);
  delete bytes;
}

void perdure_run_recovery(void) { Runtime::instance().run_recovery_functions(); }

void perdure_register_module(const struct perdure_module_info *module) {
  Runtime::instance().register_module(*module);
}

} // extern "C"
