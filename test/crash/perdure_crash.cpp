// SPDX-License-Identifier: Apache-2.0
//
// perdure-crash: power cuts on simulated storage. Runs workloads, tries what a crash at each point
// may leave, and counts. A failure ends it with the command that repeats it.
#include "explorer.h"
#include "mutations.h"
#include <CLI/CLI.hpp>
#include <chrono>
#include <cinttypes>
#include <cstdio>

namespace perdure::crash {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::vector<std::string> workloads;
  std::vector<std::string> media = {"block", "memory"};
  uint64_t seed = 1;
  uint64_t states = 0; // 0: one round
  double seconds = 0;  // 0: no limit
  uint64_t step = 1;
  std::string at;
  bool list = false;
  bool mutations = false;
  std::string drop;
};

const char *name_of(Medium medium) { return medium == Medium::kBlock ? "block" : "memory"; }

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// What one workload on one medium came to, over all seeds.
struct Total {
  uint64_t states = 0, points = 0, runs = 0;
  size_t atoms_max = 0;
  double seconds = 0;
};

class Program {
public:
  explicit Program(const Options &options) : options_(options) {}

  int run() {
    for (uint64_t seed = options_.seed;; ++seed) {
      if (!round(seed))
        return 1;
      if (options_.states == 0 && options_.seconds == 0)
        break;
      if (is_over())
        break;
    }
    print_totals();
    return 0;
  }

private:
  bool is_over() const {
    return (options_.states != 0 && states_ >= options_.states) ||
           (options_.seconds != 0 && seconds_since(start_) >= options_.seconds);
  }

  bool round(uint64_t seed) {
    std::vector<std::pair<const WorkloadInfo *, Medium>> runs;
    for (const WorkloadInfo &info : workloads())
      for (const Medium medium : {Medium::kBlock, Medium::kMemory})
        if ((options_.workloads.empty() ||
             std::ranges::find(options_.workloads, info.name) != options_.workloads.end()) &&
            std::ranges::find(options_.media, name_of(medium)) != options_.media.end())
          runs.emplace_back(&info, medium);
    for (size_t i = 0; i < runs.size() && !is_over(); i++)
      if (!explore_one(*runs[i].first, runs[i].second, seed, runs.size() - i))
        return false;
    return true;
  }

  // LEFT: runs of this round, with this one, that share what is left of time and states.
  bool explore_one(const WorkloadInfo &info, Medium medium, uint64_t seed, size_t left) {
    Plan plan;
    plan.seed = seed;
    plan.points_step = options_.step;
    plan.only = options_.at.empty() ? Path() : *parse_path(options_.at);
    if (options_.seconds != 0)
      plan.seconds_max = (options_.seconds - seconds_since(start_)) / static_cast<double>(left);
    if (options_.states != 0)
      plan.states_max = std::max<uint64_t>((options_.states - states_) / left, 1);
    const Clock::time_point begun = Clock::now();
    const Outcome outcome = explore(info, medium, plan);
    Total &total = totals_[std::string(info.name) + " " + name_of(medium)];
    total.states += outcome.states;
    total.points += outcome.points;
    total.runs++;
    total.atoms_max = std::max(total.atoms_max, outcome.atoms_max);
    total.seconds += seconds_since(begun);
    states_ += outcome.states;
    if (outcome.problem.empty())
      return true;
    std::printf("FAILED: %s on %s, seed %" PRIu64 ": %s\n", info.name, name_of(medium), seed,
                outcome.problem.c_str());
    std::printf("repeat: perdure-crash --workload %s --medium %s --seed %" PRIu64 "%s%s%s\n",
                info.name, name_of(medium), seed, outcome.path.empty() ? "" : " --at ",
                to_string(outcome.path).c_str(),
                info.threads ? "   (threads: the crash point may differ; repeat without --at)"
                             : "");
    return false;
  }

  void print_totals() const {
    std::printf("%-20s %6s %8s %9s %7s %8s\n", "workload", "runs", "points", "states", "atoms",
                "seconds");
    for (const auto &[name, total] : totals_)
      std::printf("%-20s %6" PRIu64 " %8" PRIu64 " %9" PRIu64 " %7zu %8.1f\n", name.c_str(),
                  total.runs, total.points, total.states, total.atoms_max, total.seconds);
    const double seconds = seconds_since(start_);
    std::printf("%" PRIu64 " crash states tried, seed %" PRIu64
                ", %.0f s, %.0f a second, lost: 0\n",
                states_, options_.seed, seconds, static_cast<double>(states_) / seconds);
  }

  const Options options_;
  const Clock::time_point start_ = Clock::now();
  uint64_t states_ = 0;
  std::map<std::string, Total> totals_;
};

int list() {
  for (const WorkloadInfo &info : workloads())
    std::printf("%-12s %s\n", info.name, info.what);
  return 0;
}

} // namespace
} // namespace perdure::crash

int main(int argc, char **argv) {
  using namespace perdure::crash;
  Options options;
  CLI::App app("Power cuts on simulated storage: what is recovered must be an epoch's state, and "
               "no acknowledged epoch may be missing.");
  app.add_option("--workload", options.workloads, "only these (see --list)");
  app.add_option("--medium", options.media, "block, memory (default: both)");
  app.add_option("--seed", options.seed, "of the first round");
  app.add_option("--states", options.states, "go on with further seeds up to so many crash states");
  app.add_option("--seconds", options.seconds, "go on with further seeds for so long");
  app.add_option("--step", options.step, "take one crash point of so many")
      ->check(CLI::PositiveNumber);
  app.add_option("--at", options.at, "try only this crash, as a failure prints it")
      ->check([](const std::string &text) {
        return parse_path(text) ? "" : "a crash looks like 12/one:3,5/all";
      });
  app.add_flag("--mutations", options.mutations,
               "drops each durability step: a workload must fail for each");
  app.add_option("--drop", options.drop, "drops this step")->check([](const std::string &name) {
    return drop_step(name) ? "" : "there is no step " + name;
  });
  app.add_flag("--list", options.list, "names the workloads");
  CLI11_PARSE(app, argc, argv);
  if (options.mutations)
    return run_mutations(options.seed);
  return options.list ? list() : Program(options).run();
}
