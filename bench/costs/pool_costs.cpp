// SPDX-License-Identifier: Apache-2.0
//
// What durability costs beside an operation's own time: latency of a commit, log volume, the
// longest stall under load, the time to open a pool and to replay a log. One subcommand each, on
// the ported hash map or on the embedded store; the environment (PERDURE_POOL) says on what medium.
#include "../structures/driver.h"
#include "../ycsb/embedded_store.h"
#include "../ycsb/record.h"
#include "../ycsb/workload.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>
#include <unistd.h>

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Parameters {
  double seconds = 1;
  unsigned threads = 2;
  uint64_t records = 1'000'000;
  size_t value_size = 100;
  uint64_t mebibytes = 64;
  bool uniform = false, sync = false;
};

double seconds_since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

uint64_t ns_since(Clock::time_point begun) {
  return static_cast<uint64_t>((Clock::now() - begun) / std::chrono::nanoseconds(1));
}

void put_record(uint64_t number, uint64_t version, const Parameters &p, std::string &value) {
  fill_value(value, p.value_size, number, version);
  embedded_put(key_of(number), value.data(), value.size());
}

void load(const Parameters &p) {
  std::string value;
  for (uint64_t number = 0; number < p.records; number++)
    put_record(number, 1, p, value);
  perdure_sync();
}

// Each update timed, in a map of 10,000 keys.
int latency(const Parameters &p) {
  constexpr uint64_t kKeys = 10'000;
  Options options;
  options.sync = p.sync;
  Caller caller(*find_structure("hash_map"), options);
  for (uint64_t number = 0; number < kKeys; number++)
    caller.put(key_of(number), number);
  std::vector<uint64_t> times;
  Random random(1);
  for (auto begun = Clock::now(); seconds_since(begun) < p.seconds;) {
    auto start = Clock::now();
    caller.put(key_of(random.below(kKeys)), times.size());
    times.push_back(ns_since(start));
  }
  std::sort(times.begin(), times.end());
  auto at = [&](double share) {
    return times[static_cast<size_t>(share * static_cast<double>(times.size() - 1))];
  };
  std::printf(
      "{\"p50_ns\": %lu, \"p99_ns\": %lu, \"p999_ns\": %lu, \"max_ns\": %lu, \"count\": %zu}\n",
      at(0.5), at(0.99), at(0.999), times.back(), times.size());
  return 0;
}

// Threads update records as fast as they can; how much, and the longest time one update took.
int load_run(const Parameters &p) {
  load(p);
  const Zipfian zipfian(p.records);
  std::atomic<uint64_t> operations{0}, longest{0};
  auto client = [&](unsigned index) {
    std::mt19937_64 random(index);
    std::string value;
    uint64_t count = 0, worst = 0;
    for (auto begun = Clock::now(), last = begun; seconds_since(begun) < p.seconds; count++) {
      const double share = static_cast<double>(random() >> 11) * 0x1p-53;
      uint64_t number =
          p.uniform ? random() % p.records : scattered(zipfian.rank(share)) % p.records;
      put_record(number, count, p, value);
      auto now = Clock::now();
      worst = std::max<uint64_t>(worst, static_cast<uint64_t>((now - last).count()));
      last = now;
    }
    operations += count;
    for (uint64_t seen = longest; seen < worst && !longest.compare_exchange_weak(seen, worst);)
      ;
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < p.threads; i++)
    threads.emplace_back(client, i + 1);
  for (std::thread &thread : threads)
    thread.join();
  std::printf("{\"updates\": %lu, \"user_bytes\": %lu, \"longest_ms\": %.3f, \"seconds\": %.3f}\n",
              operations.load(), operations * p.value_size, static_cast<double>(longest) / 1e6,
              p.seconds);
  return 0;
}

// Leaves a log that no checkpoint has applied, as a kill does: while a forked child lives the
// checkpoint waits. Prints how many bytes of values are in it.
int leave_log(const Parameters &p) {
  load(p);
  pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  std::string value;
  uint64_t bytes = 0;
  for (uint64_t number = 0; bytes < p.mebibytes << 20; number++, bytes += p.value_size) {
    put_record(number % p.records, 2 + number / p.records, p, value);
    if (number % 10'000 == 0)
      perdure_sync();
  }
  perdure_sync();
  std::printf("{\"user_bytes\": %lu}\n", bytes);
  std::fflush(stdout);
  kill(child, SIGKILL);
  kill(getpid(), SIGKILL);
  return 0;
}

} // namespace
} // namespace bench

int main(int argc, char **argv) {
  using namespace bench;
  Parameters p;
  int (*chosen)(const Parameters &) = nullptr;
  CLI::App app("Costs of durability; one subcommand.");
  app.require_subcommand(1);
  auto add = [&](const char *name, const char *what, int (*function)(const Parameters &)) {
    CLI::App *command = app.add_subcommand(name, what);
    command->add_option("--seconds", p.seconds);
    command->add_option("--threads", p.threads);
    command->add_option("--records", p.records);
    command->add_option("--value-size", p.value_size);
    command->add_option("--mebibytes", p.mebibytes);
    command->add_flag("--uniform", p.uniform, "not by Zipf's law");
    command->add_flag("--sync", p.sync, "wait after each update until it is durable");
    command->callback([&chosen, function] { chosen = function; });
  };
  add("latency", "percentiles of an update's time", latency);
  add("load", "volume and longest stall of updates as fast as they can be made", load_run);
  add("fill", "records, then an orderly end", [](const Parameters &q) { return load(q), 0; });
  add("leave-log", "a log as a kill leaves it", leave_log);
  add("open", "nothing: for the time to open the pool", [](const Parameters &) { return 0; });
  CLI11_PARSE(app, argc, argv);
  return chosen(p);
}
