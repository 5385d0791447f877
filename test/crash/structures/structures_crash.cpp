// SPDX-License-Identifier: Apache-2.0
//
// structures_crash: crashes the ported structures on simulated storage, run after run with seeds
// that count up, until the time is over. Every run has a process of its own.
#include "crash_run.h"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <random>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace perdure::crash {
namespace {

struct Options {
  std::vector<std::string> structures = {"hash_map", "b_tree", "lru_cache"};
  std::vector<std::string> media = {"block", "memory"};
  uint64_t seed = 0;
  unsigned runs = 0; // of each structure on each medium; 0: as many as there is time for
  double seconds = 20;
  size_t operations = 120, points = 10;
  bool expect_failure = false;
};

const structure &structure_called(const std::string &name) {
  for (const structure *candidate : {&hash_map, &b_tree, &lru_cache})
    if (name == candidate->name)
      return *candidate;
  abort(); // the command line was checked
}

// Returns whether all was well.
bool run_in_child(const std::string &name, const std::string &medium, const RunPlan &plan,
                  Totals &totals) {
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    const bool good = run_and_crash(
        structure_called(name), medium == "block" ? Medium::kBlock : Medium::kMemory, plan, totals);
    fflush(stdout);
    _exit(good ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  if (status == 0)
    return true;
  if (WIFSIGNALED(status))
    printf("FAILED: the program died of signal %d\n", WTERMSIG(status));
  printf("%s on %s; repeat with: structures_crash --structure %s --medium %s --seed %llu --runs 1 "
         "--operations %zu --points %zu\n(the order of cuts depends on timing: more --runs and "
         "--points may be needed)\n",
         name.c_str(), medium.c_str(), name.c_str(), medium.c_str(),
         static_cast<unsigned long long>(plan.seed), plan.operations, plan.points_max);
  return false;
}

bool run_all(const Options &options, Totals &totals) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration<double>(options.seconds);
  for (unsigned run = 0; options.runs == 0 || run < options.runs; ++run)
    for (const std::string &name : options.structures)
      for (const std::string &medium : options.media) {
        if (Clock::now() >= end)
          return true;
        const RunPlan plan{options.seed + run, options.operations, options.points, {16, 1, 4}};
        if (!run_in_child(name, medium, plan, totals))
          return false;
      }
  return true;
}

int run(const Options &options) {
  printf("seed %llu\n", static_cast<unsigned long long>(options.seed));
  void *shared =
      mmap(nullptr, sizeof(Totals), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED)
    return 1;
  auto &totals = *new (shared) Totals;
  const bool good = run_all(options, totals);
  auto print = [](const char *name, const std::atomic<uint64_t> &value) {
    printf("%s %llu\n", name, static_cast<unsigned long long>(value));
  };
  print("runs", totals.runs);
  print("operations", totals.operations);
  print("crash_points", totals.points);
  print("crash_states", totals.states);
  print("crash_states_in_recovery", totals.states_in_recovery);
  if (options.expect_failure)
    printf(good ? "FAILED: nothing was found\n" : "found, as it must be\n");
  return good != options.expect_failure ? 0 : 1;
}

} // namespace
} // namespace perdure::crash

int main(int argc, char **argv) {
  perdure::crash::Options options;
  CLI::App app("Crashes of ported structures on simulated storage");
  app.add_option("--structure", options.structures)
      ->check(CLI::IsMember({"hash_map", "b_tree", "lru_cache"}));
  app.add_option("--medium", options.media)->check(CLI::IsMember({"block", "memory"}));
  app.add_option("--seed", options.seed, "of the first run; 0 takes one from the clock");
  app.add_option("--runs", options.runs, "of each structure on each medium; 0: until --seconds");
  app.add_option("--seconds", options.seconds, "begin no run after this long");
  app.add_option("--operations", options.operations, "of a run");
  app.add_option("--points", options.points, "crash points of a run");
  app.add_flag("--expect-failure", options.expect_failure, "succeed if something is wrong");
  CLI11_PARSE(app, argc, argv);
  if (options.seed == 0)
    options.seed = std::random_device()() % 1'000'000;
  return perdure::crash::run(options);
}
