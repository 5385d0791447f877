// SPDX-License-Identifier: Apache-2.0
//
// memcached_load restart-time: fills the server, kills it, and measures from the start of the new
// process to its first answer to a retrieval, several times.
#include "commands.h"

#include "connection.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>
#include <unistd.h>

namespace perdure_kill {
namespace {

struct RestartOptions {
  unsigned items = 1'000'000;
  unsigned size = 100; // bytes of a value
  unsigned repeats = 5;
  unsigned settle_ms = 1000; // between the load and the kill
};

std::string key(unsigned number) { return "key:" + std::to_string(number); }

bool fill(Connection &connection, const RestartOptions &options) {
  std::string value(options.size, 'v');
  for (unsigned first = 0; first < options.items;) {
    unsigned last = std::min(first + 5000, options.items);
    std::string batch;
    for (unsigned i = first; i < last; ++i)
      batch += "set " + key(i) + " 0 0 " + std::to_string(value.size()) +
               (i + 1 < last ? " noreply\r\n" : "\r\n") + value + "\r\n";
    if (connection.round_trip(batch, 60) != "STORED")
      return false;
    first = last;
  }
  return true;
}

// Milliseconds from the start of the process to the answer; negative: it did not answer rightly.
double restart(Server &server, const RestartOptions &options, unsigned number) {
  double begin = seconds_now();
  Connection connection;
  if (!server.start() || !connection.open(server.port()))
    return -1;
  std::string reply = connection.round_trip("get " + key(number) + "\r\n");
  double ms = (seconds_now() - begin) * 1e3;
  return reply == "VALUE " + key(number) + " 0 " + std::to_string(options.size) ? ms : -1;
}

int run_restart_time(const Common &common, const RestartOptions &options) {
  Server server(common.options());
  Connection connection;
  if (!server.start() || !connection.open(server.port()) || !fill(connection, options)) {
    printf("FAILED: could not fill the server: %s\n", server.error().c_str());
    return 1;
  }
  std::vector<double> times;
  for (unsigned i = 0; i < options.repeats; ++i) {
    usleep(options.settle_ms * 1000);
    server.kill9();
    double ms = restart(server, options, i * (options.items / options.repeats));
    if (ms < 0) {
      printf("FAILED: an item is missing after restart %u %s\n", i + 1, server.error().c_str());
      return 1;
    }
    printf("restart_ms %.1f\n", ms);
    times.push_back(ms);
  }
  printf("items %u\nrestart_ms_median %.1f\nrestart_ms_max %.1f\n", options.items, median(times),
         *std::max_element(times.begin(), times.end()));
  return 0;
}

} // namespace

void add_restart_time(CLI::App &app, Common &common, int &exit_code) {
  auto options = std::make_shared<RestartOptions>();
  CLI::App *command = app.add_subcommand("restart-time", "restart to first answer with many items");
  command->add_option("--items", options->items);
  command->add_option("--size", options->size, "bytes of a value");
  command->add_option("--repeats", options->repeats);
  command->add_option("--settle-ms", options->settle_ms, "pause between load and kill");
  command->callback(
      [options, &common, &exit_code] { exit_code = run_restart_time(common, *options); });
}

} // namespace perdure_kill
