// SPDX-License-Identifier: Apache-2.0
//
// memcached_load: load generator and observer for a memcached started, killed and restarted by it.
// It keeps what the server acknowledged outside the process that is killed.
#include "commands.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace perdure_kill {

ServerOptions Common::options() const {
  ServerOptions options;
  options.program = server;
  options.pool = pool;
  options.log_path = log;
  // Items above half a megabyte are chunked; the limit leaves room for appending to them.
  options.arguments = memcached_arguments();
  options.arguments.insert(options.arguments.end(), {"-m", memory_mb, "-I", "4m", "-c", "1024"});
  options.arguments.insert(options.arguments.end(), server_arguments.begin(),
                           server_arguments.end());
  return options;
}

double median(std::vector<double> values) {
  if (values.empty())
    return 0;
  std::sort(values.begin(), values.end());
  size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

} // namespace perdure_kill

int main(int argc, char **argv) {
  using namespace perdure_kill;
  setvbuf(stdout, nullptr, _IOLBF, 0);
  CLI::App app("Load generator and crash observer for memcached");
  app.require_subcommand(1);
  app.fallthrough();
  Common common;
  int exit_code = 0;
  app.add_option("--server", common.server, "the server's binary")->required();
  app.add_option("--pool", common.pool, "value of PERDURE_POOL for the server");
  app.add_option("--log", common.log, "file for the server's standard error");
  app.add_option("--memory", common.memory_mb, "the server's -m, in megabytes");
  app.add_option("--seed", common.seed, "seed of the random choices; 0 takes one from the clock");
  app.add_option("--server-argument", common.server_arguments, "passed on to the server")
      ->allow_extra_args(false);
  add_kill_rounds(app, common, exit_code);
  add_survive(app, common, exit_code);
  add_expansion(app, common, exit_code);
  add_throughput(app, common, exit_code);
  add_restart_time(app, common, exit_code);
  app.parse_complete_callback([&common] {
    if (common.seed == 0)
      common.seed =
          static_cast<uint64_t>(std::chrono::system_clock::now().time_since_epoch().count()) %
          1'000'000'000;
  });
  CLI11_PARSE(app, argc, argv);
  return exit_code;
}
