// SPDX-License-Identifier: Apache-2.0
#include "runtime.h"
#include "epochs.h"
#include "heap_layout.h"
#include "layout_check.h"
#include "mutator.h"
#include "output_gate.h"
#include "type_table.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <unistd.h>

namespace perdure {
namespace {

void at_exit() { Runtime::instance().stop(); }

__attribute__((constructor(101))) void start_runtime() { Runtime::instance().start(); }

} // namespace

constinit const HeapHost kPoolHost = {
    [](const void *address, size_t size) { record(address, size); },
    [](uint64_t offset, uint64_t size) { return Runtime::instance().reserve(offset, size); }};

Runtime &Runtime::instance() {
  static Runtime &runtime = *new Runtime; // never destroyed: threads may outlive static destructors
  return runtime;
}

void Runtime::start() {
  register_loaded_modules();
  const char *spec = std::getenv("PERDURE_POOL");
  Status status = Status::ok();
  if (spec && *spec)
    status = open(spec);
  else if (status = map_volatile_image(); status)
    initialise_roots();
  started_ = true;
  if (!status) {
    std::fprintf(stderr, "perdure: %s\n", status.message().c_str());
    _exit(1);
  }
}

Status Runtime::open(std::string_view spec) {
  if (mode() != Mode::kVolatile)
    return Status::error("a pool is open already: a process has one");
  Result<PoolOptions> options = parse_pool_options(spec);
  if (!options)
    return options.status();
  if (Status status = slot_is_free(); !status)
    return status;
  auto check = [&](std::byte *base) {
    Result<TypeRegistry> pool = read_layouts(base);
    return pool ? check_identity(options->path, *pool, types_) : pool.status();
  };
  Result<std::unique_ptr<DurableImage>> image = DurableImage::open(*options, check);
  if (!image)
    return image.status();
  // Values that globals got since the program started, for a pool that has none yet.
  std::vector<std::byte> present;
  if (started_)
    present = save_roots();
  uint64_t limit = (*image)->heap_limit();
  Status status = map_working_image((*image)->image_fd(), (*image)->image_bytes(), limit);
  if (!status)
    return status;
  auto *base = reinterpret_cast<std::byte *>(kBase);
  auto heap = std::make_unique<Heap>(base, kPoolHost);
  options_ = *options;
  image_ = std::move(*image);
  recovered_ = image_->recovered();
  mode_ = Mode::kDurable;
  if (Mutator *mutator = Mutator::current_or_null())
    for (uint32_t lane = 0; lane < 2; lane++)
      mutator->set(lane).discard(&perdure_thread.next[lane]);
  if (recovered_)
    status = heap->attach(limit - kHeapOffset);
  else
    heap->format(limit - kHeapOffset);
  if (!status)
    return status;
  heap_ = std::move(heap);
  root_table_ = std::make_unique<RootTable>(base, kPoolHost);
  status = adopt_roots(started_ ? &present : nullptr);
  if (status)
    status = store_layouts(base, kPoolHost, types_);
  if (!status)
    return status;
  return start_epochs();
}

bool Runtime::reserve(uint64_t offset, uint64_t size) {
  // A detached child's memory is its own: nothing of it needs space on disk.
  return mode() != Mode::kDurable || image_->reserve(offset, size);
}

Status Runtime::start_audit() {
  const char *spec = std::getenv("PERDURE_AUDIT");
  if (!spec || !*spec || auditor_)
    return Status::ok();
  auto auditor =
      Auditor::start(spec, image_->image_fd(), image_->image_bytes(), image_->heap_limit(), *heap_);
  if (!auditor)
    return auditor.status();
  auditor_ = std::move(*auditor);
  for (const perdure_module_info *module : modules_)
    auditor_->add_types(*module);
  for (const auto &[offset, root] : roots_)
    auditor_->add_root(root.info);
  Epochs::instance().observe(auditor_.get());
  auditor_->start_traps();
  return Status::ok();
}

Status Runtime::start_epochs() {
  if (Status status = start_audit(); !status)
    return status;
  const char *discard = std::getenv("PERDURE_DISCARD_EPOCHS");
  discard_ = discard && *discard == '1';
  if (discard_)
    std::fprintf(stderr, "perdure: PERDURE_DISCARD_EPOCHS is set: nothing will be durable\n");
  if (options_.async_ms == 0)
    OutputGate::instance().start();
  Epochs::instance().start(image_.get(), options_.async_ms, discard_,
                           [] { OutputGate::instance().notify(); });
  Mutator::on_thread_end = [] {
    // A unit, so that no cut falls inside; a single mutator cuts by itself.
    bool unit = !Epochs::single_mutator;
    if (unit)
      Mutator::current().unit_begin();
    instance().heap().thread_exit();
    if (unit)
      Mutator::current().unit_end();
  };
  status_ =
      StatusPublisher::start(options_.path, [this](PoolStatus &status) { fill_status(status); });
  static bool handlers_set = false;
  if (!handlers_set) {
    set_fork_handlers();
    std::atexit(at_exit);
  }
  handlers_set = true;
  return Status::ok();
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
  if (!status)
    std::fprintf(stderr, "perdure: %s\n", status.message().c_str());
  if (auditor_)
    auditor_->finish();
}

} // namespace perdure
