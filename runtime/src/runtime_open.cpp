// SPDX-License-Identifier: Apache-2.0
//
// Opening a pool under the running program, before main or by perdure_open(): the image is mapped,
// the heap and the roots are taken up, then epochs are cut. A pool that cannot be opened, however
// late that turns out, leaves the program as volatile as it was, with the values it had.
#include "epochs.h"
#include "heap_layout.h"
#include "layout_check.h"
#include "mutator.h"
#include "output_gate.h"
#include "reserve_in_use.h"
#include "runtime.h"
#include "signal_handlers.h"
#include "type_table.h"
#include "uninterrupted.h"
#include <cstdio>
#include <cstdlib>
#include <new>
#include <sys/stat.h>
#include <system_error>

namespace perdure {
namespace {

// The heap and the tables do not know whose they are.
Status in_pool(const std::string &path, Status status) {
  return status ? status : Status::error("pool '" + path + "': " + status.message());
}

void at_exit() { Runtime::instance().stop(); }

Status out_of_memory(const std::string &path) {
  try {
    return Status::error("out of memory while opening " + path +
                         "; free some, or raise the limit on address space (ulimit -v)");
  } catch (const std::bad_alloc &) {
    return Status::out_of_memory();
  }
}

// STEPS may throw where memory or threads run out.
template <typename Steps> Status told(const std::string &path, Steps steps) {
  try {
    return steps();
  } catch (const std::bad_alloc &) {
    return out_of_memory(path);
  } catch (const std::system_error &error) {
    return Status::error("cannot start a thread for " + path + ": " + error.code().message() +
                         "; raise the limit on processes (ulimit -u)");
  }
}

} // namespace

Status Runtime::open(std::string_view spec) {
  if (mode() != Mode::kVolatile)
    return Status::error("a pool is open already: a process has one");
  NoCancellation thread;
  Result<PoolOptions> options = parse_pool_options(spec);
  if (!options)
    return options.status();
  return told(options->path, [&] { return open_pool_of(*options); });
}

Status Runtime::open_pool_of(const PoolOptions &options) {
  if (Status status = slot_is_free(); !status)
    return status;
  auto check = [&](std::byte *base) {
    Result<TypeRegistry> pool = read_layouts(base);
    return pool ? check_identity(options.path, *pool, types_)
                : in_pool(options.path, pool.status());
  };
  Result<std::unique_ptr<DurableImage>> image = DurableImage::open(options, check);
  if (!image)
    return image.status();
  // Values that globals got since the program started, for a pool that has none yet.
  std::vector<std::byte> present;
  if (started_)
    present = save_roots();
  options_ = options;
  image_ = std::move(*image);
  Status status = told(options.path, [&] { return take_up(started_ ? &present : nullptr); });
  if (!status)
    let_go(started_ ? &present : nullptr);
  return status;
}

Status Runtime::take_up(const std::vector<std::byte> *present) {
  const uint64_t limit = image_->heap_limit();
  if (Status status = map_working_image(image_->image_fd(), image_->image_bytes(), limit); !status)
    return status;
  auto *base = reinterpret_cast<std::byte *>(kBase);
  auto heap = std::make_unique<Heap>(base, kHeapHost);
  recovered_ = image_->recovered();
  mode_ = Mode::kDurable;
  discard_write_sets();
  Status status;
  if (!recovered_)
    heap->format(limit - kHeapOffset);
  else if ((status = in_pool(options_.path, heap->attach(limit - kHeapOffset))))
    status = in_pool(options_.path, reserve_if_copied());
  if (!status)
    return status;
  heap_ = std::move(heap);
  root_table_ = std::make_unique<RootTable>(base, kPoolHost);
  status = check_pins();
  if (status)
    status = adopt_roots(present);
  if (status)
    status = in_pool(options_.path, store_layouts(base, kPoolHost, types_));
  if (status)
    status = adopt_pins();
  if (status && Epochs::lost_updates())
    status = Status::error("out of memory for a write set");
  return status ? start_epochs() : status;
}

// A copy made by other means than ours may lack the space that was reserved for what it holds.
Status Runtime::reserve_if_copied() {
  auto *base = reinterpret_cast<std::byte *>(kBase);
  const uint64_t limit = image_->heap_limit();
  uint64_t in_use = 0;
  auto add = [&](uint64_t, uint64_t size) { return in_use += size, Status::ok(); };
  auto reserve = [&](uint64_t offset, uint64_t size) {
    return image_->reserve(offset, size)
               ? Status::ok()
               : Status::error("it lacks disk space for what it holds (a copy does at first); free "
                               "some space there, or raise the limit on file sizes (ulimit -f)");
  };
  struct stat info;
  if (Status status = reserve_in_use(add, base, limit); !status)
    return status;
  if (fstat(image_->image_fd(), &info) != 0 ||
      static_cast<uint64_t>(info.st_blocks) * 512 >= in_use)
    return Status::ok();
  return reserve_in_use(reserve, base, limit);
}

// After take_up() got somewhere and no further. Nothing was cut: the pool holds what it held.
void Runtime::let_go(const std::vector<std::byte> *present) {
  OutputGate::instance().stop();
  mode_ = Mode::kVolatile;
  auditor_.reset();
  Epochs::instance().observe(nullptr);
  root_table_.reset();
  heap_.reset();
  image_.reset();
  recovered_ = false;
  late_pins_.clear();
  discard_write_sets();
  for (auto &[offset, root] : roots_)
    root.recovered = false;
  unmap_working_image();
  if (!started_)
    return; // the program does not begin
  if (Status status = map_volatile_image(); !status) {
    std::fprintf(stderr, "perdure: %s\n", status.message().c_str());
    std::abort(); // the program's globals are gone
  }
  initialise_roots();
  put_back_roots(*present);
}

void Runtime::discard_write_sets() {
  if (Mutator *mutator = Mutator::current_or_null())
    for (uint32_t lane = 0; lane < PERDURE_LANES; lane++)
      mutator->set(lane).discard(&perdure_thread.next[lane]);
  Epochs::forget_lost_updates();
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
  wrap_signal_handlers();
  if (options_.async_ms == 0)
    if (Status status = OutputGate::instance().start(); !status)
      return status;
  Epochs::instance().start(image_.get(), options_.async_ms, discard_,
                           [](Sending sending) { OutputGate::instance().notify(sending); });
  Mutator::on_thread_end = [] {
    // A unit, so that no cut falls inside; a single mutator cuts by itself.
    bool unit = !Epochs::single_mutator;
    if (unit)
      Mutator::current().unit_begin();
    instance().heap().thread_exit();
    if (unit)
      Mutator::current().unit_end();
  };
  Mutator::before_cut = [] {
    instance().heap().release_kept(
        [](void *block, size_t size) { Epochs::instance().freed(block, size); });
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

} // namespace perdure
