// SPDX-License-Identifier: Apache-2.0
//
// See pool_summary.h.
#include "pool_summary.h"
#include "type_table.h"
#include <linux/magic.h>
#include <sys/vfs.h>

namespace perdure {
namespace {

bool on_memory_file_system(int fd) {
  struct statfs info;
  return fstatfs(fd, &info) == 0 && (info.f_type == TMPFS_MAGIC || info.f_type == RAMFS_MAGIC);
}

// What a committed update survives: as much as the weaker of log and image.
const char *guarantee(const Pool &pool) {
  if (on_memory_file_system(pool.log->fd()) || on_memory_file_system(pool.image->fd()))
    return "process crash only (files in main memory)";
  switch (static_cast<Domain>(pool.superblock.log_domain)) {
  case Domain::kEmulatedPmem:
    return "process crash only (emulated persistent memory)";
  case Domain::kDirectFile:
  case Domain::kBufferedFile:
  case Domain::kPmem:
    return "process crash, system crash and power loss";
  default:
    return "unknown";
  }
}

std::string uuid_text(const Superblock &s) {
  std::string text;
  for (unsigned i = 0; i < sizeof s.uuid; ++i) {
    char hex[4];
    std::snprintf(hex, sizeof hex, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
                  s.uuid[i]);
    text += hex;
  }
  return text;
}

} // namespace

void add_superblock(PoolFacts &facts, const Pool &pool) {
  const Superblock &s = pool.superblock;
  facts.add("pool", "pool", pool.path);
  facts.add_number("version", "format version", s.version, std::to_string(s.version));
  facts.add("uuid", "uuid", uuid_text(s));
  facts.add("domain", "log written as", domain_name(static_cast<Domain>(s.log_domain)));
  facts.add("survives", "updates survive", guarantee(pool));
  facts.add_number("heap_limit", "heap limit", s.heap_limit - kHeapOffset,
                   bytes_text(s.heap_limit - kHeapOffset));
  facts.add_number("image_bytes", "image", s.image_bytes, bytes_text(s.image_bytes) + " (sparse)");
  facts.add_number("log_size", "log", s.log_capacity, bytes_text(s.log_capacity));
  facts.add_number("checkpointed_epoch", "checkpointed epoch", s.horizon_epoch,
                   std::to_string(s.horizon_epoch));
  facts.add_number("openings", "openings", s.run, std::to_string(s.run));
}

void add_log(PoolFacts &facts, const Pool &pool, const RecoveryReport &log) {
  facts.add_number("last_epoch", "last epoch", log.last_epoch, std::to_string(log.last_epoch));
  const uint64_t percent = 100 * log.log_used / pool.superblock.log_capacity;
  facts.add_number("log_used", "log in use", log.log_used,
                   bytes_text(log.log_used) + " (" + std::to_string(percent) + " %)");
  facts.add_number("epochs_behind", "image behind by", log.epochs,
                   std::to_string(log.epochs) + " epochs, " + bytes_text(log.bytes));
  facts.add("log_end", "log ends with", log_end_name(log.end));
}

Status add_layouts(PoolFacts &facts, const PoolView &view) {
  auto layouts = read_layouts(view.base());
  if (!layouts)
    return layouts.status();
  const size_t roots = layouts->roots().size(), types = layouts->types().size();
  facts.add_number("root_count", "roots", roots, std::to_string(roots));
  facts.add_number("type_count", "types", types, std::to_string(types));
  return Status::ok();
}

} // namespace perdure
