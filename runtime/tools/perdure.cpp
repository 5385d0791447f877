// SPDX-License-Identifier: Apache-2.0
//
// The perdure command: makes pools, says what is in them and whether they are sound, copies them,
// shows their objects, and finds those that nothing leads to; and drafts port files. docs/tools.md
// describes it. Exit code 0: done and sound; 1: not; CLI11's codes for a wrong command line.
#include "backup.h"
#include "dump.h"
#include "info.h"
#include "pool.h"
#include "pool_check.h"
#include "pool_facts.h"
#include "propose/propose.h"
#include "sweep.h"
#include "watch.h"
#include <CLI/CLI.hpp>
#include <cstdio>

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

int exit_code(const Status &status) { return status ? 0 : fail(status); }

} // namespace

int main(int argc, char **argv) {
  CLI::App app{"Makes, inspects and copies perdure's pools."};
  app.require_subcommand(1);
  std::string path, size, log_size, log;
  bool json = false, deep = false;
  CLI::App *create_command = app.add_subcommand("create", "make a new, empty pool");
  create_command->add_option("PATH", path, "directory to make")->required();
  create_command->add_option("--size", size, "heap limit, e.g. 64G (the default)");
  create_command->add_option("--log-size", log_size, "redo log, e.g. 64M (the default)");
  create_command->add_option("--log", log, "file for the redo log, on another device");
  CLI::App *info_command = app.add_subcommand("info", "say what is in a pool; reads only");
  WatchOptions watch_options;
  CLI::Option *watch_flag = info_command->add_flag(
      "--watch{1}", watch_options.seconds, "of a pool in use, every so many seconds, e.g. =0.5");
  watch_flag->check(CLI::Range(0.1, 3600.0));
  info_command->add_option("--count", watch_options.count, "end after so many lines");
  CLI::App *check_command = app.add_subcommand("check", "walk all of a pool; reads only");
  check_command->add_flag("--deep", deep, "also every typed pointer that the roots lead to");
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
  BackupOptions backup_options;
  CLI::App *backup_command =
      app.add_subcommand("backup", "copy a pool, also while a program has it open");
  CLI::App *restore_command =
      app.add_subcommand("restore", "make a pool of a backup, after checking it");
  for (CLI::App *command : {backup_command, restore_command}) {
    const bool restores = command == restore_command;
    command->add_option(restores ? "BACKUP" : "PATH", path, "the pool to copy")->required();
    command->add_option("DEST", backup_options.to, "directory to make")->required();
    command->add_option("--size", backup_options.size, "heap limit (at least the pool's)");
    command->add_option("--log-size", backup_options.log_size, "redo log (default: the pool's)");
    command->add_option("--log", backup_options.log, "file for the redo log, on another device");
    command->add_flag("--json", json, "print a JSON object");
  }
  ProposeOptions propose_options;
  CLI::App *propose_command =
      app.add_subcommand("propose", "draft a port file for a program compiled in propose mode");
  propose_command->add_option("PROGRAM", propose_options.program, "the linked program")->required();
  propose_command->add_option("--keep", propose_options.keep,
                              "type whose objects should last (default: all that may)");
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
    return exit_code(dump(dump_options));
  }
  if (*sweep_command) {
    sweep_options.path = path;
    sweep_options.json = json;
    return exit_code(sweep(sweep_options));
  }
  if (*backup_command || *restore_command) {
    backup_options.from = path;
    backup_options.restore = bool(*restore_command);
    backup_options.json = json;
    return exit_code(backup(backup_options));
  }
  if (*propose_command)
    return exit_code(propose_port(propose_options));
  if (*info_command && *watch_flag) {
    watch_options.path = path;
    watch_options.json = json;
    return exit_code(watch(watch_options));
  }
  return exit_code(*info_command ? info(path, json) : check(path, deep, json));
}
