// SPDX-License-Identifier: Apache-2.0
//
// memcached_load kill: rounds of mixed load, kill -9 at a random moment, restart, check. Intent: no
// acknowledged update is ever lost and no value appears that was not written, over hundreds of
// kills of one pool. --expect-loss turns it round: a server without a pool must be caught losing
// items.
#include "commands.h"

#include "mixed_load.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>
#include <unistd.h>

namespace perdure_kill {
namespace {

struct KillOptions {
  MixedOptions load;
  unsigned rounds = 200;
  unsigned round_ms = 1000;
  bool no_kill = false;
  bool expect_loss = false;
  bool no_verify = false;
  std::string other_server; // takes turns with the server
};

void print_repeat(const Common &common, const KillOptions &options) {
  printf("repeat with: memcached_load --server %s --seed %llu", common.server.c_str(),
         static_cast<unsigned long long>(common.seed));
  if (!common.pool.empty())
    printf(" --pool %s", common.pool.c_str());
  for (const std::string &argument : common.server_arguments)
    printf(" --server-argument=%s", argument.c_str());
  printf(" kill --rounds %u --round-ms %u --connections %u --keys %u --depth %zu%s", options.rounds,
         options.round_ms, options.load.connections, options.load.keys, options.load.depth,
         options.no_kill ? " --no-kill" : "");
  if (!options.other_server.empty())
    printf(" --other-server %s", options.other_server.c_str());
  printf("\n");
}

class KillRounds {
public:
  KillRounds(const Common &common, const KillOptions &options)
      : options_(options), first_server_(common.server), random_(common.seed),
        server_(server_options(common, options)), load_(seeded(options.load, common.seed)) {}

  // Throws Violation.
  void run() {
    start();
    load_.connect(server_);
    for (round_ = 1; round_ <= options_.rounds; ++round_) {
      double seconds = 1e-3 * static_cast<double>(random_.between(30, 2 * options_.round_ms));
      // Where a loss is expected there must be something to lose.
      bool flush = random_.one_in(5) && !options_.expect_loss;
      load_.run(server_, seconds, flush, flush && random_.one_in(2) && !options_.no_kill);
      if (options_.no_kill) {
        load_.drain();
        load_.take_last_replies();
      } else if (random_.one_in(25) && !options_.expect_loss) {
        restart_across_delayed_flush();
      } else {
        server_.kill9();
        load_.take_last_replies();
        start();
      }
      pending_ += load_.pending_at_kill();
      if (options_.expect_loss)
        return;
      load_.check(server_);
      if (round_ % 10 == 0)
        printf("round %u: %llu operations acknowledged, %llu keys checked\n", round_,
               static_cast<unsigned long long>(load_.acknowledged()),
               static_cast<unsigned long long>(load_.checked()));
    }
  }

  // REQUIRES: run() returned after one kill.
  uint64_t lost() { return load_.count_lost(server_); }

  void report() const {
    auto print = [](const char *name, uint64_t value) {
      printf("%s %llu\n", name, static_cast<unsigned long long>(value));
    };
    print("rounds", round_ - 1);
    print("acknowledged", load_.acknowledged());
    print("in_flight_at_kills", pending_);
    print("excused_replies", load_.excused());
    print("flushes", load_.flushes());
    print("checked", load_.checked());
    printf("restart_ms_median %.1f\nrestart_ms_max %.1f\n", median(starts_),
           starts_.empty() ? 0 : *std::max_element(starts_.begin(), starts_.end()));
  }
  unsigned round() const { return round_; }

private:
  static ServerOptions server_options(const Common &common, const KillOptions &options) {
    ServerOptions result = common.options();
    result.verify = !options.no_verify;
    return result;
  }
  static MixedOptions seeded(MixedOptions options, uint64_t seed) {
    options.seed = seed;
    return options;
  }

  void start() {
    if (!options_.other_server.empty())
      server_.run_instead(starts_.size() % 2 == 0 ? first_server_ : options_.other_server);
    if (!server_.start())
      throw Violation(server_.error());
    starts_.push_back(server_.start_ms());
  }

  // A flush_all asked for before the crash must happen after it, at its time.
  void restart_across_delayed_flush() {
    load_.drain();
    load_.flush_later(2);
    double asked = seconds_now();
    server_.kill9();
    load_.take_last_replies();
    start();
    double left = asked + 4.3 - seconds_now();
    if (left > 0)
      usleep(static_cast<useconds_t>(left * 1e6));
  }

  KillOptions options_;
  std::string first_server_;
  Random random_;
  Server server_;
  MixedLoad load_;
  unsigned round_ = 0;
  uint64_t pending_ = 0;
  std::vector<double> starts_;
};

int run_kill(const Common &common, const KillOptions &options) {
  printf("seed %llu\n", static_cast<unsigned long long>(common.seed));
  KillRounds rounds(common, options);
  try {
    rounds.run();
    if (options.expect_loss) {
      uint64_t lost = rounds.lost();
      printf("lost %llu\n", static_cast<unsigned long long>(lost));
      return lost > 0 ? 0 : 1;
    }
    rounds.report();
    printf("lost 0\n");
    return 0;
  } catch (const Violation &violation) {
    printf("FAILED in round %u: %s\n", rounds.round(), violation.what());
    print_repeat(common, options);
    printf("the pool and the server's log (%s) are left as they are\n", common.log.c_str());
    return 1;
  }
}

} // namespace

void add_kill_rounds(CLI::App &app, Common &common, int &exit_code) {
  auto options = std::make_shared<KillOptions>();
  CLI::App *command = app.add_subcommand("kill", "mixed load, kill -9, restart, check; repeated");
  command->add_option("--rounds", options->rounds, "how many kills");
  command->add_option("--round-ms", options->round_ms, "mean length of the load before a kill");
  command->add_option("--connections", options->load.connections)->check(CLI::Range(1, 60));
  command->add_option("--keys", options->load.keys, "keys of each connection");
  command->add_option("--large-keys", options->load.large_keys, "chunked items of each connection");
  command->add_option("--depth", options->load.depth, "operations in flight on a connection");
  command->add_option(
      "--other-server", options->other_server,
      "another build of the server: every second start is of it, with the same pool");
  command->add_flag("--no-kill", options->no_kill, "check without killing: validates the observer");
  command->add_flag("--expect-loss", options->expect_loss,
                    "succeed if one kill loses acknowledged items: for a server without a pool");
  command->add_flag("--no-verify", options->no_verify, "without the structure walk at recovery");
  command->callback([options, &common, &exit_code] { exit_code = run_kill(common, *options); });
}

} // namespace perdure_kill
