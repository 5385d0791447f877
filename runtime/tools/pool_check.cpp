// SPDX-License-Identifier: Apache-2.0
//
// See pool_check.h. From the outside in; a check relies on what those before it found sound, so the
// first that fails ends it. Doubts do not: all of them are reported.
#include "pool_check.h"
#include "doubts.h"
#include "heap.h"
#include "pointer_check.h"
#include "pool_summary.h"
#include "type_table.h"
#include "unowned_bytes.h"

namespace perdure {
namespace {

void check_superblocks(const Pool &pool, Doubts &doubts) {
  for (uint64_t copy = 0; copy < kSuperblockCopies; ++copy)
    if (!superblock_copy_is_sound(*pool.superblock_file, copy))
      doubts.add("copy " + std::to_string(copy) +
                 " of the superblock is not sound; a power cut may leave this, and the program's "
                 "next run repairs it");
}

Status check_heap(const PoolView &view, Heap &heap, PoolFacts &facts) {
  Status status = heap.check();
  if (status)
    status = heap.attach(0);
  if (status)
    status = heap.check(); // now also what attaching derived: free runs, slabs, counts
  if (!status)
    return status;
  uint64_t blocks = 0, bytes = 0;
  heap.for_each_block([&](void *, size_t size) {
    blocks++;
    bytes += size;
  });
  facts.add_number("heap_blocks", "blocks walked", blocks,
                   std::to_string(blocks) + ", " + bytes_text(bytes));
  const HeapStats stats = heap.stats();
  if (stats.block_count != blocks || stats.used_bytes != bytes ||
      stats.used_bytes > stats.segment_bytes || stats.segment_bytes > stats.limit_bytes ||
      stats.limit_bytes > view.slot_bytes() - kHeapOffset)
    return Status::error("heap metadata is damaged: blocks, segments and limit do not add up; "
                         "restore the pool from a backup");
  return Status::ok();
}

Status check_contents(const PoolView &view, bool deep, PoolFacts &facts, Doubts &doubts) {
  Heap heap(view.base(), kReadOnlyHost, view.slot_bytes());
  if (Status status = check_heap(view, heap, facts); !status)
    return status;
  if (Status status = add_layouts(facts, view); !status)
    return status;
  auto layouts = read_layouts(view.base());
  if (!layouts)
    return layouts.status();
  auto pins = PinTable(view.base(), kReadOnlyHost).read();
  if (!pins)
    return pins.status();
  const TypedPointers pointers(view.base(), *layouts, heap);
  check_root_sizes(*layouts, pointers, doubts);
  check_unowned_bytes(view, *layouts, heap, doubts);
  if (deep)
    check_pointers(*layouts, *pins, pointers, facts, doubts);
  return Status::ok();
}

Status check_all(PoolView &view, bool deep, PoolFacts &facts, Doubts &doubts) {
  check_superblocks(view.pool(), doubts);
  auto log = view.replay();
  if (!log)
    return log.status();
  add_log(facts, view.pool(), *log);
  facts.add_flag("torn_tail", "append cut short", log->torn_tail);
  if (log->last_epoch == 0)
    return Status::ok();
  Status status = check_contents(view, deep, facts, doubts);
  return status ? status : Status::error(view.pool().path + ": " + status.message());
}

Status open_and_check(const std::string &path, bool deep, PoolFacts &facts, Doubts &doubts) {
  auto view = PoolView::open(path);
  if (!view)
    return view.status();
  Status status = Status::ok();
  if ((*view)->holder() == 0)
    status = check_all(**view, deep, facts, doubts);
  // Also if it was opened meanwhile: what was found then says nothing.
  if (const pid_t holder = PoolLock::holder(path); holder != 0)
    return Status::error(path + " is in use by process " + std::to_string(holder) +
                         "; stop it first, or check a backup of it");
  if (status && doubts.count() != 0)
    return Status::error(path + ": " + doubts.summary());
  return status;
}

} // namespace

Status check(const std::string &path, bool deep, bool json) {
  PoolFacts facts;
  facts.add("pool", "pool", path);
  Doubts doubts;
  Status status = open_and_check(path, deep, facts, doubts);
  facts.add_flag("sound", "sound", status.is_ok());
  if (!status)
    facts.add("error", "error", status.message());
  doubts.add_to(facts);
  facts.print(json);
  return status;
}

Status check_pool(const std::string &path) {
  PoolFacts facts;
  Doubts doubts;
  return open_and_check(path, false, facts, doubts);
}

} // namespace perdure
