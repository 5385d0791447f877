// SPDX-License-Identifier: Apache-2.0
//
// See mutations.h. The table is that of docs/crash_model.md.
#include "mutations.h"
#include "durability_step.h"
#include "explorer.h"
#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <sys/wait.h>
#include <unistd.h>

namespace perdure {
inline namespace mutations {
Step dropped_step = Step::kNone;
} // namespace mutations
} // namespace perdure

namespace perdure::crash {
namespace {

constexpr double kSecondsMax = 30;     // for one step
constexpr double kRaceSecondsMax = 10; // for one that takes luck; of several seeds

struct Mutation {
  Step step;
  const char *name;
  const char *workload; // that objects
  Medium medium;
  uint64_t points_step = 1; // takes one crash point of so many: the step matters late in the run
  bool takes_luck = false;  // threads must meet in a window, or the log wrap at the right moment
  double seconds_max() const { return takes_luck ? kRaceSecondsMax : kSecondsMax; }
};

using enum Step;
constexpr Mutation kMutations[] = {
    {kLinesStreamed, "LinesStreamed", "small", Medium::kMemory},
    {kFence, "Fence", "small", Medium::kMemory},
    {kMemoryGrown, "MemoryGrown", "big", Medium::kMemory},
    {kFileSynced, "FileSynced", "small", Medium::kBlock},
    {kWriteThrough, "WriteThrough", "small", Medium::kBlock},
    {kFileGrown, "FileGrown", "big", Medium::kBlock},
    {kFileCreated, "FileCreated", "create", Medium::kBlock},
    {kFreshLog, "FreshLog", "create", Medium::kMemory},
    {kFreshSuperblock, "FreshSuperblock", "create", Medium::kBlock},
    {kForeignLogName, "ForeignLogName", "elsewhere", Medium::kBlock},
    {kNamesInPool, "NamesInPool", "create", Medium::kBlock},
    {kPoolName, "PoolName", "create", Medium::kBlock},
    {kRunBeforeRecords, "RunBeforeRecords", "reopen", Medium::kBlock},
    {kTornRecordGone, "TornRecordGone", "torn", Medium::kMemory},
    {kOlderCopy, "OlderCopy", "small", Medium::kMemory},
    {kEpochBeforeAcknowledgement, "EpochBeforeAcknowledgement", "small", Medium::kMemory},
    {kSpaceIsFree, "SpaceIsFree", "wrap", Medium::kBlock, 10},
    {kRecoveredLogKept, "RecoveredLogKept", "killed", Medium::kBlock, 7, true},
    {kImageBeforeHorizon, "ImageBeforeHorizon", "small", Medium::kBlock},
    {kHorizonBeforeReuse, "HorizonBeforeReuse", "wrap", Medium::kBlock},
    {kDrainedBeforeCircle, "DrainedBeforeCircle", "big", Medium::kBlock},
    {kLogBeforeCircle, "LogBeforeCircle", "big", Medium::kBlock},
    {kCircleBeforeRecords, "CircleBeforeRecords", "big", Medium::kBlock},
    {kClosedInOrder, "ClosedInOrder", "create", Medium::kBlock},
    {kUnitsEndBeforeCut, "UnitsEndBeforeCut", "lanes", Medium::kMemory, 5, true},
    {kUnitBacksOut, "UnitBacksOut", "lanes", Medium::kMemory, 5, true},
    {kTicketBeforeEntries, "TicketBeforeEntries", "lanes", Medium::kBlock, 5, true},
    {kEarlyIsPending, "EarlyIsPending", "lanes", Medium::kBlock, 5, true},
    {kEntriesAtCut, "EntriesAtCut", "lanes", Medium::kBlock, 5, true},
    {kTicketAfterCommit, "TicketAfterCommit", "lanes", Medium::kBlock, 5, true},
};
static_assert(std::size(kMutations) == static_cast<size_t>(Step::kCount) - 1);

// In a child: prints what objected, and exits with 0 if nothing did.
[[noreturn]] void run_dropped(const Mutation &mutation, uint64_t seed) {
  dropped_step = mutation.step;
  const auto info = std::ranges::find_if(workloads(), [&](const WorkloadInfo &workload) {
    return std::strcmp(workload.name, mutation.workload) == 0;
  });
  const auto ends_at =
      std::chrono::steady_clock::now() + std::chrono::duration<double>(mutation.seconds_max());
  for (;; ++seed) {
    Plan plan;
    plan.seed = seed;
    plan.points_step = mutation.points_step;
    plan.seconds_max =
        std::chrono::duration<double>(ends_at - std::chrono::steady_clock::now()).count();
    if (plan.seconds_max <= 0)
      _exit(0);
    const Outcome outcome = explore(*info, mutation.medium, plan);
    if (outcome.problem.empty())
      continue;
    std::printf("%-27s %-9s %-6s %6lu states: %s\n", mutation.name, mutation.workload,
                mutation.medium == Medium::kBlock ? "block" : "memory", outcome.states,
                outcome.problem.c_str());
    std::fflush(stdout);
    _exit(1);
  }
}

bool is_objected_to(const Mutation &mutation, uint64_t seed) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0)
    run_dropped(mutation, seed);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) // an invariant in the runtime did
    std::printf("%-27s %-9s aborted by signal %d\n", mutation.name, mutation.workload,
                WTERMSIG(status));
  else if (WEXITSTATUS(status) == 0)
    std::printf("NOT OBJECTED TO: %s; repeat: perdure-crash --drop %s --workload %s --step %" PRIu64
                " --seconds %.0f\n",
                mutation.name, mutation.name, mutation.workload, mutation.points_step,
                mutation.seconds_max());
  return status != 0;
}

} // namespace

bool drop_step(const std::string &name) {
  for (const Mutation &mutation : kMutations)
    if (mutation.name == name) {
      dropped_step = mutation.step;
      return true;
    }
  return false;
}

int run_mutations(uint64_t seed) {
  size_t objected = 0, missed = 0, races = 0;
  for (const Mutation &mutation : kMutations) {
    const bool found = is_objected_to(mutation, seed);
    objected += found;
    missed += !found && !mutation.takes_luck;
    races += found && mutation.takes_luck;
  }
  std::printf("%zu of %zu durability steps are needed: dropping them was objected to\n", objected,
              std::size(kMutations));
  return missed == 0 && races != 0 ? 0 : 1;
}

} // namespace perdure::crash
