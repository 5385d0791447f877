// SPDX-License-Identifier: Apache-2.0
//
// Modules and their persistent globals: registration before main, identity across runs and builds.
// A root's address is fixed at compile time by its key; the root table in the pool says which roots
// hold values of an earlier run.
#include "check.h"
#include "epochs.h"
#include "find_modules.h"
#include "heap_layout.h"
#include "layout_check.h"
#include "runtime.h"
#include "signal_handlers.h"
#include "type_table.h"
#include "unit_locks.h"
#include <cstdio>
#include <cstring>
#include <unistd.h>

namespace perdure {
namespace {

// A module that cannot be registered must not run: its persistent globals would be lost or mixed
// up.
[[noreturn]] void refuse(const std::string &message) {
  std::fprintf(stderr, "perdure: %s\n", message.c_str());
  _exit(1);
}

void set_initial(const perdure_root_info &info, uint64_t offset, uint64_t size) {
  auto *target = static_cast<std::byte *>(info.address) + offset;
  if (info.initial)
    std::memcpy(target, static_cast<const std::byte *>(info.initial) + offset, size);
  else
    std::memset(target, 0, size);
}

template <typename Visit>
void for_each_persistent_span(const perdure_root_info &info, Visit visit) {
  uint64_t begin = 0;
  for (uint64_t i = 0; i < info.volatile_span_count; i++) {
    const perdure_span &span = info.volatile_spans[i];
    if (span.offset > begin)
      visit(begin, span.offset - begin);
    begin = span.offset + span.size;
  }
  if (begin < info.size)
    visit(begin, info.size - begin);
}

} // namespace

void Runtime::check_discipline(const perdure_module_info &module) {
  constexpr uint32_t kDeclares = PERDURE_MODULE_HAS_UNITS;
  uint32_t single = module.flags & PERDURE_MODULE_SINGLE_MUTATOR;
  if (discipline_set_by_ && single != (module_flags_ & PERDURE_MODULE_SINGLE_MUTATOR))
    refuse(
        std::string("modules '") + discipline_set_by_ + "' and '" + module.source +
        "' disagree on the number of mutators: compile both with the same port file ('threads:')");
  discipline_set_by_ = module.source;
  module_flags_ |= module.flags;
  if (module.flags & PERDURE_MODULE_NOTES_AHEAD)
    wrap_signal_handlers();
  Epochs::single_mutator = single != 0;
  Epochs::units_between_commit_points = (module_flags_ & kDeclares) &&
                                        (module_flags_ & PERDURE_MODULE_COMMIT_POINTS) &&
                                        !(module_flags_ & PERDURE_MODULE_HAS_SECTIONS);
}

void Runtime::register_loaded_modules() {
  for (const perdure_module_info *module : find_loaded_modules())
    register_module(*module);
}

// A module loaded after the pool was opened: what does not fit is found only now.
void Runtime::check_late_module(const perdure_module_info &module) {
  auto *base = reinterpret_cast<std::byte *>(kBase);
  Result<TypeRegistry> pool = read_layouts(base);
  TypeRegistry late;
  late.add(module);
  Status status = pool ? check_layouts(options_.path, *pool, late) : pool.status();
  if (!status)
    refuse(status.message());
}

void Runtime::register_module(const perdure_module_info &module) {
  if (!modules_.insert(&module).second)
    return;
  if (started_)
    keep_loaded(module);
  if (module.abi_version != PERDURE_ABI_VERSION)
    refuse(std::string("module '") + module.source + "' was compiled for hook ABI " +
           std::to_string(module.abi_version) + ", this runtime has " +
           std::to_string(PERDURE_ABI_VERSION) + ": recompile it");
  if (module.flags != 0)
    check_discipline(module);
  const bool late = started_ && mode() == Mode::kDurable;
  if (late)
    check_late_module(module);
  // A unit, so that no cut finds half of what the pool's tables get; a single mutator cuts by
  // itself.
  const bool unit = late && !Epochs::single_mutator;
  if (unit)
    Mutator::current().unit_begin();
  for (uint64_t i = 0; i < module.root_count; i++)
    register_root(module.roots[i], module);
  for (uint64_t i = 0; i < module.lock_count; i++)
    UnitLocks::add(module.locks[i]);
  types_.add(module);
  if (late)
    if (Status status = store_layouts(reinterpret_cast<std::byte *>(kBase), kPoolHost, types_);
        !status)
      refuse(status.message());
  if (Status status = register_pins(module); !status)
    refuse(status.message());
  if (unit)
    Mutator::current().unit_end();
  if (auditor_)
    auditor_->add_types(module);
  for (uint64_t i = 0; i < module.recovery_count; i++)
    recovery_functions_.push_back(module.recovery[i]);
  if (module.flags & PERDURE_MODULE_NEW_POOLS)
    new_pool_functions_.insert(new_pool_functions_.end(), module.recovery,
                               module.recovery + module.recovery_count);
}

void Runtime::register_root(const perdure_root_info &info, const perdure_module_info &module) {
  uint64_t offset = offset_of(info.address);
  PERDURE_CHECK(offset >= PERDURE_ROOTS_OFFSET && offset + info.size <= PERDURE_ROOTS_END,
                "a persistent global lies outside the root window");
  auto after = roots_.lower_bound(offset);
  if (after != roots_.end() && after->first == offset &&
      std::string_view(after->second.info.key) == info.key) {
    if (info.internal)
      refuse(std::string("two persistent globals are both called '") + info.key + "' (in '" +
             after->second.module->source + "' and '" + module.source + "'): rename one");
    return; // one variable, emitted in several modules
  }
  const Root *clash = nullptr;
  if (after != roots_.end() && after->first < offset + info.size)
    clash = &after->second;
  if (after != roots_.begin() &&
      std::prev(after)->first + std::prev(after)->second.info.size > offset)
    clash = &std::prev(after)->second;
  if (clash)
    refuse(std::string("persistent globals '") + clash->info.key + "' and '" + info.key +
           "' were given overlapping addresses by their names: rename one of them");
  Root &root = roots_.emplace(offset, Root{info, &module, false}).first->second;
  if (!started_)
    return; // start() gives it its value
  if (auditor_)
    auditor_->add_root(info);
  bool known = mode() == Mode::kDurable && root_table_->find(info.key);
  if (!known)
    set_initial(info, 0, info.size);
  for (uint64_t i = 0; known && i < info.volatile_span_count; i++)
    set_initial(info, info.volatile_spans[i].offset, info.volatile_spans[i].size);
  if (mode() == Mode::kDurable) {
    Status status = adopt_root(root);
    if (!status)
      refuse(status.message());
  }
}

// Takes the value an earlier run left (already mapped), or makes the present one the first.
// REQUIRES: the root's memory holds its present value, unless the pool has it.
Status Runtime::adopt_root(Root &root) {
  const perdure_root_info &info = root.info;
  uint64_t offset = offset_of(info.address);
  if (const RootEntry *entry = root_table_->find(info.key)) {
    if (entry->size != info.size || entry->offset != offset)
      return Status::error("pool '" + options_.path + "': persistent global '" + info.key +
                           "' was " + std::to_string(entry->size) + " bytes and is " +
                           std::to_string(info.size) +
                           " now: its type changed; use the program that made the pool");
    root.recovered = true;
    return Status::ok();
  }
  if (root_table_->overlapping(offset, info.size))
    return Status::error("pool '" + options_.path + "': persistent global '" + info.key +
                         "' overlaps one that the pool already holds: rename it");
  Status status = root_table_->add(info.key, offset, info.size);
  if (status && !image_->reserve(offset, info.size))
    status = Status::error("pool '" + options_.path + "': no space left for persistent global '" +
                           info.key + "': free space on its file system");
  if (status)
    record(info.address, info.size);
  return status;
}

std::vector<StoredSpan> Runtime::stored_spans() const {
  std::vector<StoredSpan> spans;
  for (size_t i = 0; i < root_table_->count(); ++i) {
    const RootEntry &entry = root_table_->at(i);
    auto add = [&](uint64_t begin, uint64_t size) {
      spans.push_back({entry.offset + begin, size, entry.key, entry.offset});
    };
    auto root = roots_.find(entry.offset);
    if (root == roots_.end())
      add(0, entry.size);
    else
      for_each_persistent_span(root->second.info, add);
  }
  return spans;
}

std::vector<Block> Runtime::stored_roots() const {
  std::vector<Block> roots;
  for (size_t i = 0; i < root_table_->count(); ++i)
    roots.push_back({root_table_->at(i).offset, root_table_->at(i).size});
  return roots;
}

void Runtime::initialise_roots() {
  for (auto &[offset, root] : roots_)
    set_initial(root.info, 0, root.info.size);
}

Status Runtime::adopt_roots(const std::vector<std::byte> *present) {
  const std::byte *next = present ? present->data() : nullptr;
  for (auto &[offset, root] : roots_) {
    bool known = root_table_->find(root.info.key) != nullptr;
    // The mapping is new: volatile parts get their present values back, persistent ones if the pool
    // has none.
    if (!known)
      set_initial(root.info, 0, root.info.size);
    for (uint64_t i = 0; known && i < root.info.volatile_span_count; i++)
      set_initial(root.info, root.info.volatile_spans[i].offset, root.info.volatile_spans[i].size);
    for_each_persistent_span(root.info, [&](uint64_t begin, uint64_t size) {
      if (!present)
        return;
      if (!known)
        std::memcpy(static_cast<std::byte *>(root.info.address) + begin, next, size);
      next += size;
    });
    Status status = adopt_root(root);
    if (!status)
      return status;
  }
  return Status::ok();
}

bool Runtime::root_recovered(const void *address) const {
  auto found = roots_.find(offset_of(address));
  return found != roots_.end() && found->second.recovered;
}

void *Runtime::find_root(std::string_view key) const {
  for (const auto &[offset, root] : roots_)
    if (key == root.info.key)
      return root.info.address;
  return nullptr;
}

void *Runtime::root_of(const void *address, size_t *size) const {
  uint64_t offset = offset_of(address);
  auto after = roots_.upper_bound(offset);
  if (after == roots_.begin())
    return nullptr;
  const Root &root = std::prev(after)->second;
  if (offset >= offset_of(root.info.address) + root.info.size)
    return nullptr;
  *size = root.info.size;
  return root.info.address;
}

std::vector<std::byte> Runtime::save_roots() const {
  std::vector<std::byte> saved;
  for (const auto &[offset, root] : roots_)
    for_each_persistent_span(root.info, [&](uint64_t begin, uint64_t size) {
      auto *bytes = static_cast<const std::byte *>(root.info.address) + begin;
      saved.insert(saved.end(), bytes, bytes + size);
    });
  return saved;
}

// Values that no pool knows.
void Runtime::put_back_roots(const std::vector<std::byte> &present) {
  const std::byte *next = present.data();
  for (const auto &[offset, root] : roots_)
    for_each_persistent_span(root.info, [&](uint64_t begin, uint64_t size) {
      std::memcpy(static_cast<std::byte *>(root.info.address) + begin, next, size);
      next += size;
    });
}

void Runtime::restore_roots(const std::vector<std::byte> &saved) {
  const std::byte *next = saved.data();
  for (const auto &[offset, root] : roots_)
    for_each_persistent_span(root.info, [&](uint64_t begin, uint64_t size) {
      auto *bytes = static_cast<std::byte *>(root.info.address) + begin;
      if (std::memcmp(bytes, next, size) != 0) {
        std::memcpy(bytes, next, size);
        record(bytes, size);
      }
      next += size;
    });
}

void Runtime::run_recovery_functions() {
  if (recovery_done_)
    return;
  recovery_done_ = true;
  // A new pool's are in no unit: what they prepare is part of whatever the program does there.
  if (!recovered_ && has_heap())
    for (auto *function : new_pool_functions_)
      function();
  if (!recovered_ || recovery_functions_.empty())
    return;
  // One unit: a crash meanwhile finds the state from before and runs them again.
  Mutator &mutator = Mutator::current();
  mutator.unit_begin();
  for (auto *function : recovery_functions_)
    function();
  mutator.unit_end();
}

} // namespace perdure
