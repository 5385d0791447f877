// SPDX-License-Identifier: Apache-2.0
//
// See info.h.
#include "info.h"
#include "heap.h"
#include "pool_summary.h"
#include <algorithm>

namespace perdure {

static void add_contents(PoolFacts &facts, const PoolView &view, const RecoveryReport &log) {
  if (log.last_epoch == 0) {
    facts.add("contents", "contents", "none yet");
    return;
  }
  Heap heap(view.base(), kReadOnlyHost, view.slot_bytes());
  Status status = heap.check();
  if (status)
    status = heap.attach(0);
  if (!status) {
    facts.add("contents", "contents", "unsound: " + status.message());
    return;
  }
  const HeapStats stats = heap.stats();
  facts.add_number("heap_used", "heap in use", stats.used_bytes,
                   bytes_text(stats.used_bytes) + " in " + std::to_string(stats.block_count) +
                       " blocks");
  facts.add_number("heap_blocks", "blocks", stats.block_count, std::to_string(stats.block_count));
  facts.add_number("heap_segments", "heap taken", stats.segment_bytes,
                   bytes_text(stats.segment_bytes));
  if (status = add_layouts(facts, view); !status)
    facts.add("roots", "roots", "unsound: " + status.message());
}

Status info(const std::string &path, bool json) {
  auto view = PoolView::open(path);
  if (!view)
    return view.status();
  const Pool &pool = (*view)->pool();
  PoolFacts facts;
  add_superblock(facts, pool);
  const pid_t holder = (*view)->holder();
  facts.add_flag("in_use", "in use", holder != 0);
  if (holder != 0) {
    // Its checkpoint moves the image and the log under our eyes.
    facts.add_number("holder", "by process", static_cast<uint64_t>(std::max(holder, 0)),
                     std::to_string(holder));
    facts.add("note", "note", "log, heap and roots are not read while the pool is in use");
    facts.print(json);
    return Status::ok();
  }
  facts.add_flag("clean", "closed in order", (pool.superblock.flags & kSuperblockClean) != 0);
  auto log = (*view)->replay();
  if (!log)
    facts.add("log_error", "log", log.status().message());
  else {
    add_log(facts, pool, *log);
    add_contents(facts, **view, *log);
  }
  facts.print(json);
  return log.status();
}

} // namespace perdure
