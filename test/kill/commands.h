// SPDX-License-Identifier: Apache-2.0
//
// The commands of memcached_load, one file each: kill_rounds.cpp, survive.cpp, expansion.cpp,
// throughput.cpp, restart_time.cpp. Each returns the exit code and prints its results as
// "name value" lines, which the scripts read.
#pragma once

#include "server.h"

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace perdure_kill {

// What all commands share: the server and where its pool and log lie.
struct Common {
  std::string server;
  std::string pool; // value of PERDURE_POOL; empty: the server runs volatile
  std::string log = "memcached.log";
  std::string memory_mb = "1024";
  std::vector<std::string> server_arguments;
  uint64_t seed = 0; // 0: from the clock

  ServerOptions options() const;
};

void add_kill_rounds(CLI::App &app, Common &common, int &exit_code);
void add_survive(CLI::App &app, Common &common, int &exit_code);
void add_expansion(CLI::App &app, Common &common, int &exit_code);
void add_throughput(CLI::App &app, Common &common, int &exit_code);
void add_restart_time(CLI::App &app, Common &common, int &exit_code);

// For reports.
double median(std::vector<double> values);

} // namespace perdure_kill
