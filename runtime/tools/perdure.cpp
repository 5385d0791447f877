// SPDX-License-Identifier: Apache-2.0
//
// perdure create | info | check | dump | sweep: makes a pool, says what is in it, whether it is
// sound, shows its objects, and finds those that nothing leads to. create and sweep --reclaim
// write, all else only reads. Exit code 0: done and sound; 1: not; CLI11's codes
// for a wrong command line.
#include "dump.h"
#include "heap.h"
#include "pool.h"
#include "pool_facts.h"
#include "pool_view.h"
#include "sweep.h"
#include "type_table.h"
#include <CLI/CLI.hpp>
#include <cstdio>
#include <linux/magic.h>
#include <sys/vfs.h>

namespace {

using namespace perdure;

int fail(const Status &status) {
  std::fprintf(stderr, "perdure: %s\n", status.message().c_str());
  return 1;
}

int create(const std::string &spec) {
  auto options = parse_pool_options(spec);
  if (!options)
    return fail(options.status());
  if (Status status = create_pool(*options); !status)
    return fail(status);
  std::printf("created %s: heap up to %s, log %s\n", options->path.c_str(),
              bytes_text(options->size_max).c_str(), bytes_text(options->log_size).c_str());
  return 0;
}

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

void add_contents(PoolFacts &facts, const PoolView &view, const RecoveryReport &log) {
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

int info(const std::string &path, bool json) {
  auto view = PoolView::open(path);
  if (!view)
    return fail(view.status());
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
    return 0;
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
  return log ? 0 : 1;
}

// The first thing found unsound; what is sound so far goes to FACTS.
Status check_all(PoolView &view, PoolFacts &facts) {
  auto log = view.replay();
  if (!log)
    return log.status();
  add_log(facts, view.pool(), *log);
  facts.add_flag("torn_tail", "append cut short", log->torn_tail);
  if (log->last_epoch == 0)
    return Status::ok();
  const std::string where = view.pool().path + ": ";
  Heap heap(view.base(), kReadOnlyHost, view.slot_bytes());
  if (Status status = heap.check(); !status)
    return Status::error(where + status.message());
  const HeapStats stats = heap.stats();
  facts.add_number("heap_blocks", "blocks walked", stats.block_count,
                   std::to_string(stats.block_count) + ", " + bytes_text(stats.used_bytes));
  Status status = add_layouts(facts, view);
  return status ? status : Status::error(where + status.message());
}

int check(const std::string &path, bool json) {
  PoolFacts facts;
  facts.add("pool", "pool", path);
  auto view = PoolView::open(path);
  Status status = view.status();
  if (view && (*view)->holder() != 0)
    status = Status::error(path + " is in use by process " + std::to_string((*view)->holder()) +
                           "; stop it first");
  else if (view)
    status = check_all(**view, facts);
  facts.add_flag("sound", "sound", status.is_ok());
  if (!status)
    facts.add("error", "error", status.message());
  if (json || status)
    facts.print(json);
  return status ? 0 : fail(status);
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app{"Makes and inspects perdure's pools."};
  app.require_subcommand(1);
  std::string path, size, log_size, log;
  bool json = false;
  CLI::App *create_command = app.add_subcommand("create", "make a new, empty pool");
  create_command->add_option("PATH", path, "directory to make")->required();
  create_command->add_option("--size", size, "heap limit, e.g. 64G (the default)");
  create_command->add_option("--log-size", log_size, "redo log, e.g. 64M (the default)");
  create_command->add_option("--log", log, "file for the redo log, on another device");
  CLI::App *info_command = app.add_subcommand("info", "say what is in a pool; reads only");
  CLI::App *check_command = app.add_subcommand("check", "walk all of a pool; reads only");
  CLI::App *dump_command = app.add_subcommand("dump", "show a pool's objects by type and field");
  DumpOptions dump_options;
  dump_command->add_option("--root", dump_options.root, "only what this root leads to");
  dump_command->add_option("--max-objects", dump_options.objects_max,
                           "stop after so many (default 10000)");
  CLI::App *sweep_command = app.add_subcommand("sweep", "find blocks that no root reaches");
  SweepOptions sweep_options;
  sweep_command->add_flag("--reclaim", sweep_options.reclaim, "free them");
  for (CLI::App *command : {info_command, check_command, dump_command, sweep_command}) {
    command->add_option("PATH", path, "the pool's directory")->required();
    command->add_flag("--json", json, "print a JSON object");
  }
  CLI11_PARSE(app, argc, argv);
  if (*create_command) {
    std::string spec = path;
    for (const auto &[key, value] :
         {std::pair{",size=", size}, {",log_size=", log_size}, {",log=", log}})
      if (!value.empty())
        spec += key + value;
    return create(spec);
  }
  if (*dump_command) {
    dump_options.path = path;
    dump_options.json = json;
    Status status = dump(dump_options);
    return status ? 0 : fail(status);
  }
  if (*sweep_command) {
    sweep_options.path = path;
    sweep_options.json = json;
    Status status = sweep(sweep_options);
    return status ? 0 : fail(status);
  }
  return *info_command ? info(path, json) : check(path, json);
}
