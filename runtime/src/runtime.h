// SPDX-License-Identifier: Apache-2.0
//
// The process's one runtime: which mode it is in, and the parts that serve it. Everything exported
// is a short function over this class.
//
// Modes. VOLATILE: no pool; the program runs as it would without perdure. DURABLE: a pool is open.
// DETACHED: a forked child; it keeps its snapshot, and nothing of it is logged. CLOSED: after exit
// handlers ran; stores go nowhere.
#pragma once

#include "auditor.h"
#include "durable_image.h"
#include "forked_child.h"
#include "heap.h"
#include "perdure/abi.h"
#include "pins.h"
#include "root_table.h"
#include "status.h"
#include "status_publisher.h"
#include "stored_pins.h"
#include "type_registry.h"
#include "uninterrupted.h"
#include "unreachable.h"
#include "working_image.h"
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#define PERDURE_EXPORT __attribute__((visibility("default")))

namespace perdure {

class Runtime {
public:
  enum class Mode : int { kVolatile, kDurable, kDetached, kClosed };

  static Runtime &instance();

  // Maps the root window and, if PERDURE_POOL is set, opens the pool. A failure ends the process
  // with a message: no program may run volatile when it was asked to be durable.
  void start();
  // See perdure_open().
  Status open(std::string_view spec);
  // No effect if it was registered already.
  void register_module(const perdure_module_info &module);

  Mode mode() const { return mode_.load(std::memory_order_relaxed); }
  // True if persistent allocations come from the pool's heap (a detached child goes on using it).
  bool has_heap() const { return heap_ != nullptr; }
  bool recovered() const { return recovered_; }
  Heap &heap() { return *heap_; }
  // Null unless PERDURE_AUDIT is set, and in a detached child.
  Auditor *auditor() { return mode() == Mode::kDurable ? auditor_.get() : nullptr; }

  bool root_recovered(const void *address) const;
  void *find_root(std::string_view key) const;
  // Types and roots of this program.
  const TypeRegistry &types() const { return types_; }
  // All of the pool's, also those of other programs.
  std::vector<Block> stored_roots() const;
  // Start and size of the root that holds ADDRESS; null if none.
  void *root_of(const void *address, size_t *size) const;

  const Pins &pins() const { return pins_; }
  // Of a pin whose module, loaded later in an earlier run, is not there yet.
  std::string name_of_late_pin(uint64_t address) const;

  void run_recovery_functions();
  // The persistent bytes of all roots, to be put back by restore_roots().
  std::vector<std::byte> save_roots() const;
  void restore_roots(const std::vector<std::byte> &saved);

  // Disk space for image bytes; see DurableImage.
  bool reserve(uint64_t offset, uint64_t size);

  // In a detached child that becomes a daemon: waits for the parent to exit and goes on with the
  // pool in its place. Ends the process if updates would be lost by that; a parent that lives on
  // keeps the pool, and the child stays detached.
  void take_over_from_parent();
  // A detached child's write set overflowed: what it wrote since the fork is not known any more.
  void forgot_updates() { forgot_updates_ = true; }

  // A last cut, held output sent, the pool closed. Called at exit.
  void stop();

private:
  struct Root {
    perdure_root_info info;
    const perdure_module_info *module;
    bool recovered;
  };

  void register_loaded_modules();
  void initialise_roots();
  void check_late_module(const perdure_module_info &module);
  void register_root(const perdure_root_info &info, const perdure_module_info &module);
  void check_discipline(const perdure_module_info &module);
  Status adopt_root(Root &root);
  // After a pool was opened under roots already registered; PRESENT is what save_roots() gave, null
  // if they have no values yet.
  Status adopt_roots(const std::vector<std::byte> *present);
  Status open_pool_of(const PoolOptions &options);
  Status take_up(const std::vector<std::byte> *present);
  Status reserve_if_copied();
  void let_go(const std::vector<std::byte> *present);
  void discard_write_sets();
  void put_back_roots(const std::vector<std::byte> &present);
  // The persistent parts of what the pool has of roots.
  std::vector<StoredSpan> stored_spans() const;
  // Fills the pin window from the modules known so far.
  Status bind_pins();
  Status register_pins(const perdure_module_info &module);
  // Before a program goes on with a pool. Errors: it lacks what the pool's objects point to.
  Status check_pins();
  Status adopt_pins();
  Status store_pins();
  Status start_audit();
  Status start_epochs();
  void print_stats() const;
  void fill_status(PoolStatus &status) const;
  static void set_fork_handlers();
  void before_fork();
  void after_fork(bool child);

  std::atomic<Mode> mode_{Mode::kVolatile};
  bool recovered_ = false;
  bool discard_ = false; // PERDURE_DISCARD_EPOCHS
  PoolOptions options_;
  std::unique_ptr<DurableImage> image_;
  std::unique_ptr<Heap> heap_;
  std::unique_ptr<RootTable> root_table_;
  std::unique_ptr<Auditor> auditor_; // PERDURE_AUDIT
  std::unique_ptr<StatusPublisher> status_;
  std::map<uint64_t, Root> roots_; // by offset
  TypeRegistry types_;
  Pins pins_;
  std::map<uint64_t, PinRecord>
      late_pins_; // in the pool, of modules that are not there; by address
  bool pins_bound_ = false;
  std::vector<void (*)(void)> recovery_functions_, new_pool_functions_;
  std::set<const perdure_module_info *> modules_;
  bool started_ = false; // roots have values
  uint32_t module_flags_ = 0;
  const char *discipline_set_by_ = nullptr;
  bool recovery_done_ = false;
  uint64_t epoch_at_fork_ = 0;
  std::optional<Uninterrupted> forking_; // during fork()
  ChildLink child_link_;                 // during fork()
  std::atomic<bool> forgot_updates_{false};
};

// The heap metadata's way to record and to reserve.
extern const HeapHost kPoolHost;
// The allocator's own: relaxed, because no one can see that a block was allocated or freed before
// a store leads to it, or no longer does.
extern const HeapHost kHeapHost;

// Records a range in the calling thread's write set.
void record(const void *address, size_t size, uint32_t lane = PERDURE_LANE_PERSISTENT);

} // namespace perdure
