// SPDX-License-Identifier: Apache-2.0
//
// linear_kill: concurrent clients on few keys of a memcached or kv that is killed and started again
// at random times; the history of each key, with the kills in it, must be strictly linearizable: an
// acknowledged operation stays, an unacknowledged one took effect before the kill or never.
// --expect-violation turns it round, for a server without a pool and for one that does not wait.
#include "client.h"
#include "server.h"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <deque>
#include <poll.h>
#include <unistd.h>

namespace perdure_linear {
namespace {

using perdure_kill::Random;
using perdure_kill::seconds_now;
using perdure_kill::Server;
using perdure_kill::ServerOptions;

struct Options {
  std::string server, pool;
  std::string log = "linear.log";
  std::string protocol = "memcached";
  unsigned clients = 8, texts = 3, counters = 2;
  unsigned rounds = 40, round_ms = 150, check_every = 4;
  double seconds = 600;
  uint64_t seed = 0;
  bool expect_violation = false;

  ServerOptions server_options() const {
    ServerOptions result;
    result.program = server;
    result.pool = pool;
    result.log_path = log;
    if (protocol == "kv") {
      result.arguments = {"--threads", "4"};
      result.port_option = "--port";
    } else {
      result.arguments = perdure_kill::memcached_arguments();
      result.arguments.insert(result.arguments.end(), {"-m", "64", "-t", "4"});
      result.verify = true;
    }
    return result;
  }
};

class Rounds {
public:
  explicit Rounds(const Options &options)
      : options_(options), random_(options.seed), server_(options.server_options()),
        keys_(options.texts, options.counters) {
    for (unsigned i = 0; i < options.clients; ++i)
      clients_.emplace_back(i, random_.next(), keys_);
  }

  // Throws Violation.
  void run() {
    double begin = seconds_now();
    start();
    while (kills_ < options_.rounds && seconds_now() < begin + options_.seconds) {
      load(1e-3 * static_cast<double>(random_.between(2, 2 * options_.round_ms)));
      kill();
      if (random_.one_in(5)) {
        server_.kill_while_starting(1e-3 * static_cast<double>(random_.below(40)));
        ++kills_in_start_;
      }
      start();
      read_all();
      if (kills_ % options_.check_every == 0)
        keys_.check();
    }
    keys_.check();
  }

  void report() const {
    printf("operations %llu\nlost_replies %llu\nkills %u\nkills_while_starting %u\nhistories %llu\n"
           "configurations_at_once %zu\n",
           static_cast<unsigned long long>(keys_.operations()),
           static_cast<unsigned long long>(keys_.lost()), kills_, kills_in_start_,
           static_cast<unsigned long long>(keys_.histories()), keys_.most_configurations());
  }
  unsigned kills() const { return kills_; }

private:
  void start() {
    if (!server_.start())
      throw Violation(server_.error());
    for (Client &client : clients_)
      if (!client.connection.open(server_.port()))
        throw Violation("the server does not accept connections");
  }

  // Sends what is queued and takes what arrives within SECONDS.
  void serve(double seconds) {
    std::vector<pollfd> entries;
    for (Client &client : clients_) {
      if (!client.connection.flush(seconds_now()))
        throw Violation("the server closed a connection");
      short events = client.connection.wants_to_send() ? POLLIN | POLLOUT : POLLIN;
      entries.push_back({client.connection.fd(), events, 0});
    }
    poll(entries.data(), entries.size(), static_cast<int>(std::max(0.0, seconds) * 1e3 + 0.999));
    for (size_t i = 0; i < clients_.size(); ++i) {
      if (!entries[i].revents)
        continue;
      bool open = clients_[i].connection.receive();
      clients_[i].take_reply();
      if (!open)
        throw Violation(server_.alive() ? "the server closed a connection" : server_.error());
    }
  }

  void load(double seconds) {
    double end = seconds_now() + seconds;
    for (double now = seconds_now(); now < end; now = seconds_now()) {
      for (Client &client : clients_)
        if (client.idle())
          client.issue();
      serve(end - now);
    }
  }

  // What had arrived counts as acknowledged; the rest was cut off.
  void kill() {
    if (!server_.alive())
      throw Violation(server_.error());
    server_.kill9();
    double gone = seconds_now();
    ++kills_;
    for (Client &client : clients_) {
      while (client.connection.receive() && client.connection.wait_for_input(0.2)) {
      }
      if (!client.idle())
        client.take_reply();
      client.cut_off(gone);
      client.connection.close();
    }
  }

  // The first thing after a kill: what is lost is seen before it is overwritten.
  void read_all() {
    for (size_t key = 0; key < keys_.size(); ++key) {
      Client &client = clients_[key % clients_.size()];
      double limit = seconds_now() + 30;
      for (client.issue_gets(key); !client.idle();) {
        serve(1);
        if (seconds_now() > limit)
          throw Violation("the restarted server does not answer");
      }
    }
  }

  Options options_;
  Random random_;
  Server server_;
  Keys keys_;
  std::deque<Client> clients_;
  unsigned kills_ = 0, kills_in_start_ = 0;
};

void print_repeat(const Options &options) {
  printf("repeat with: linear_kill --server %s --protocol %s --seed %llu", options.server.c_str(),
         options.protocol.c_str(), static_cast<unsigned long long>(options.seed));
  if (!options.pool.empty())
    printf(" --pool %s", options.pool.c_str());
  printf(" --rounds %u --round-ms %u --check-every %u --clients %u --texts %u --counters %u\n",
         options.rounds, options.round_ms, options.check_every, options.clients, options.texts,
         options.counters);
}

int run(const Options &options) {
  printf("seed %llu\n", static_cast<unsigned long long>(options.seed));
  Rounds rounds(options);
  try {
    rounds.run();
    rounds.report();
    if (!options.expect_violation)
      return 0;
    printf("FAILED: %u kills, and no violation was found\n", rounds.kills());
  } catch (const NotLinearizable &violation) {
    printf("%s after %u kills: %s\n", options.expect_violation ? "violation found" : "FAILED",
           rounds.kills(), violation.what());
    if (options.expect_violation)
      return 0;
  } catch (const Violation &violation) {
    printf("FAILED after %u kills: %s\n", rounds.kills(), violation.what());
  }
  print_repeat(options);
  return 1;
}

} // namespace
} // namespace perdure_linear

int main(int argc, char **argv) {
  perdure_linear::Options options;
  CLI::App app("Linearizability of acknowledged operations across kills");
  app.add_option("--server", options.server, "the server's binary")->required();
  app.add_option("--protocol", options.protocol, "how it is started")
      ->check(CLI::IsMember({"memcached", "kv"}));
  app.add_option("--pool", options.pool, "value of PERDURE_POOL for the server");
  app.add_option("--log", options.log, "file for the server's standard error");
  app.add_option("--seed", options.seed, "seed of the random choices; 0 takes one from the clock");
  app.add_option("--clients", options.clients)->check(CLI::Range(1, 64));
  app.add_option("--texts", options.texts, "keys with get, gets, set, add, cas and delete");
  app.add_option("--counters", options.counters, "keys with get, set, add, incr and delete");
  app.add_option("--rounds", options.rounds, "how many kills");
  app.add_option("--round-ms", options.round_ms, "mean length of the load before a kill");
  app.add_option("--check-every", options.check_every, "rounds in a history")
      ->check(CLI::Range(1, 1000));
  app.add_option("--seconds", options.seconds, "begin no round after this long");
  app.add_flag("--expect-violation", options.expect_violation, "succeed if a violation is found");
  CLI11_PARSE(app, argc, argv);
  setvbuf(stdout, nullptr, _IOLBF, 0);
  if (options.seed == 0)
    options.seed =
        static_cast<uint64_t>(std::chrono::system_clock::now().time_since_epoch().count()) %
        1'000'000'000;
  return perdure_linear::run(options);
}
