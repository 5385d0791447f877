// SPDX-License-Identifier: Apache-2.0
//
// memcached_load expansion: kills the server while its hash table grows. Intent: a growth that was
// cut off goes on after the restart, and no item is lost in either table.
#include "commands.h"

#include "connection.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>

namespace perdure_kill {
namespace {

struct ExpansionOptions {
  unsigned rounds = 3;
};

class Expansion {
public:
  Expansion(const Common &common, const ExpansionOptions &options)
      : options_(options), server_(server_options(common)) {}

  int run() {
    if (!start())
      return 1;
    for (unsigned round = 1; round <= options_.rounds; ++round) {
      if (!grow_until_expanding())
        return 1;
      server_.kill9();
      if (!start())
        return 1;
      bool still = stat("hash_is_expanding") == 1;
      printf("round %u: killed with %u items, power %llu, %s after the restart\n", round, items_,
             static_cast<unsigned long long>(stat("hash_power_level")),
             still ? "still growing" : "growth finished");
      interrupted_ += still;
      if (!find_all() || !wait_until_grown() || !find_all())
        return 1;
    }
    printf("interrupted_expansions %u\nlost 0\n", interrupted_);
    return interrupted_ > 0 ? 0 : fail("no kill met an expansion under way");
  }

private:
  static ServerOptions server_options(const Common &common) {
    ServerOptions options = common.options();
    options.arguments.insert(options.arguments.end(), {"-o", "hashpower=16"});
    options.verify = true;
    return options;
  }
  static int fail(const std::string &why) {
    printf("FAILED: %s\n", why.c_str());
    return 1;
  }
  bool start() {
    if (server_.start() && connection_.open(server_.port()))
      return true;
    fail(server_.error());
    return false;
  }
  uint64_t stat(const std::string &name) {
    std::string text = connection_.round_trip_until_end("stats\r\n");
    size_t at = text.find("STAT " + name + " ");
    return at == std::string::npos ? 0 : std::stoull(text.substr(at + name.size() + 6));
  }

  // Stores small items, a batch at a time with one acknowledgement, until the table grows.
  bool grow_until_expanding() {
    double deadline = seconds_now() + 120;
    while (seconds_now() < deadline) {
      if (stat("hash_is_expanding") == 1)
        return true;
      // Growth is started by the server's clock, once a second: near the threshold, only wait.
      uint64_t threshold = (uint64_t{1} << stat("hash_power_level")) * 3 / 2;
      if (items_ > threshold)
        continue;
      std::string batch;
      for (unsigned i = 0; i < 2000; ++i, ++items_)
        batch += "set k" + std::to_string(items_) + " 0 0 5" +
                 (i < 1999 ? " noreply\r\nvalue\r\n" : "\r\nvalue\r\n");
      if (connection_.round_trip(batch) != "STORED") {
        fail("the server does not store");
        return false;
      }
    }
    fail("the hash table did not grow");
    return false;
  }

  bool find_all() {
    for (unsigned first = 0; first < items_; first += 100) {
      unsigned last = std::min(first + 100, items_);
      std::string request = "get";
      for (unsigned i = first; i < last; ++i)
        request += " k" + std::to_string(i);
      std::string reply = connection_.round_trip_until_end(request + "\r\n");
      size_t found = 0;
      for (size_t at = 0; (at = reply.find("\nvalue\n", at)) != std::string::npos; ++at)
        ++found;
      if (found != last - first) {
        fail(std::to_string(last - first - found) + " items lost between k" +
             std::to_string(first) + " and k" + std::to_string(last - 1));
        return false;
      }
    }
    return true;
  }

  bool wait_until_grown() {
    double deadline = seconds_now() + 60;
    while (stat("hash_is_expanding") == 1)
      if (seconds_now() > deadline) {
        fail("the hash table's growth does not go on after the restart");
        return false;
      }
    return true;
  }

  ExpansionOptions options_;
  Server server_;
  Connection connection_;
  unsigned items_ = 0, interrupted_ = 0;
};

} // namespace

void add_expansion(CLI::App &app, Common &common, int &exit_code) {
  auto options = std::make_shared<ExpansionOptions>();
  CLI::App *command = app.add_subcommand("expansion", "kill -9 while the hash table grows");
  command->add_option("--rounds", options->rounds);
  command->callback(
      [options, &common, &exit_code] { exit_code = Expansion(common, *options).run(); });
}

} // namespace perdure_kill
