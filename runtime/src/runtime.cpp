// SPDX-License-Identifier: Apache-2.0
#include "runtime.h"
#include "epochs.h"
#include "output_gate.h"
#include "uninterrupted.h"
#include <cstdio>
#include <cstdlib>
#include <new>
#include <unistd.h>

namespace perdure {
namespace {

__attribute__((constructor(101))) void start_runtime() { Runtime::instance().start(); }

} // namespace

constexpr HeapHost kPoolHost = {
    [](const void *address, size_t size) { record(address, size); },
    [](uint64_t offset, uint64_t size) { return Runtime::instance().reserve(offset, size); }};

constexpr HeapHost kHeapHost = {
    [](const void *address, size_t size) { record(address, size, PERDURE_LANE_RELAXED); },
    kPoolHost.reserve};

Runtime &Runtime::instance() {
  // Never destroyed: threads may outlive static destructors.
  static Runtime &runtime = *[] {
    try {
      return new Runtime;
    } catch (const std::bad_alloc &) { // made before main: nobody could catch it
      std::fputs("perdure: out of memory at the program's start\n", stderr);
      _exit(1);
    }
  }();
  return runtime;
}

void Runtime::start() {
  const char *spec = std::getenv("PERDURE_POOL");
  Status status = Status::ok();
  try {
    register_loaded_modules();
    status = bind_pins();
    if (status && spec && *spec)
      status = open(spec);
    else if (status && (status = map_volatile_image()))
      initialise_roots();
  } catch (const std::bad_alloc &) {
    status = Status::out_of_memory();
  }
  started_ = true;
  if (!status) {
    std::fprintf(stderr, "perdure: %s\n", status.message().c_str());
    _exit(1);
  }
}

bool Runtime::reserve(uint64_t offset, uint64_t size) {
  NoCancellation thread; // fallocate() is a cancellation point, and the heap's lock is held
  // A detached child's memory is its own: nothing of it needs space on disk.
  return mode() != Mode::kDurable || image_->reserve(offset, size);
}

// PERDURE_STATS=1: what this run did, on standard error.
void Runtime::print_stats() const {
  const char *wanted = std::getenv("PERDURE_STATS");
  if (!wanted || *wanted != '1')
    return;
  EpochStats epochs = Epochs::instance().stats();
  DurableImageStats image = image_->stats();
  auto us_per_cut = [&](uint64_t ns) {
    return epochs.cuts ? static_cast<double>(ns) / 1000 / static_cast<double>(epochs.cuts) : 0;
  };
  std::fprintf(stderr,
               "perdure: %lu cuts (%lu given up), %.1f us until quiescence and %.1f us copying per "
               "cut, %lu bytes cut, %lu log waits, %lu checkpoints, %lu bytes checkpointed\n",
               epochs.cuts, epochs.cuts_given_up, us_per_cut(epochs.cut_wait_ns),
               us_per_cut(epochs.cut_copy_ns), epochs.bytes, image.log_waits, image.checkpoints,
               image.checkpoint_bytes);
}

void Runtime::fill_status(PoolStatus &status) const {
  image_->fill_status(status);
  const Epochs &epochs = Epochs::instance();
  const EpochStats stats = epochs.stats();
  status.cuts = stats.cuts;
  status.cuts_given_up = stats.cuts_given_up;
  status.cut_wait_ns = stats.cut_wait_ns;
  status.cut_copy_ns = stats.cut_copy_ns;
  if (epochs.failed())
    status.flags |= kStatusFailed;
  if (options_.async_ms != 0)
    status.flags |= kStatusAsync;
  if (discard_)
    status.flags |= kStatusDiscard;
  OutputGate::instance().fill_status(status);
}

void Runtime::stop() {
  if (mode() != Mode::kDurable)
    return;
  status_.reset();
  if (auditor_)
    auditor_->at_exit([] { Epochs::instance().take_pending(); });
  Epochs::instance().stop();
  OutputGate::instance().stop();
  print_stats();
  mode_ = Mode::kClosed;
  Status status = image_->close();
  if (!status && !Epochs::instance().failed()) // that has been said
    std::fprintf(stderr, "perdure: %s was not closed in order, its next start will be longer: %s\n",
                 options_.path.c_str(), status.message().c_str());
  if (auditor_)
    auditor_->finish();
}

} // namespace perdure
