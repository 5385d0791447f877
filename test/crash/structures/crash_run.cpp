// SPDX-License-Identifier: Apache-2.0
#include "crash_run.h"

#include "restart.h"
#include "runtime.h"

#include <cstdio>
#include <perdure/perdure.h>
#include <random>
#include <set>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

std::atomic<bool> may_wait; // in half_done()

} // namespace

// Long enough for a cut to be tried, now and then.
void half_done() {
  thread_local unsigned calls;
  if (may_wait && ++calls % 5 == 0)
    usleep(60);
}

namespace perdure::crash {
namespace {

constexpr unsigned kImageSeconds = 20; // until a program that found a crash image counts as hung
constexpr unsigned kRunSeconds = 120;  // the same for the operations before
constexpr size_t kOperationsAfter = 12;

struct Point {
  uint64_t number;
  PowerCut cut;
  size_t acknowledged, issued; // operations
};

// What a program found, or what is wrong with it.
struct Found {
  std::string problem;
  size_t operations = 0; // that it shows
};

class CrashRun {
public:
  CrashRun(const structure &structure, Medium medium, const RunPlan &plan, Totals &totals)
      : structure_(structure), medium_(medium), plan_(plan), totals_(totals), random_(plan.seed),
        operations_(random_operations(plan.seed, plan.operations, structure.value_size_max)) {}

  bool run() {
    alarm(kRunSeconds);
    auto &store = *new SimulatedStore(medium_); // the runtime may use it until the process ends
    if (Status status = start_program(store); !status)
      return fail("the pool cannot be created: " + status.message());
    store.on_crash_point = [&](uint64_t number) { crash_point(store, number); };
    std::thread cutter([&] { cut_at_any_time(); });
    may_wait = true;
    for (const Operation &operation : operations_) {
      issued_++;
      apply(operation, structure_);
      if (random_() % 4 == 0 && perdure_sync() == 0)
        acknowledged_ = issued_.load();
    }
    done_ = true;
    may_wait = false;
    cutter.join();
    stop_program();
    alarm(0);
    store.on_crash_point = nullptr;
    points_.push_back({store.crash_points(), store.cut(), issued_, issued_});
    totals_.runs++;
    totals_.operations += issued_;
    for (const Point &point : points_) {
      totals_.points++;
      for (const Choice &choice : choices(point.cut, plan_.images, plan_.seed + point.number))
        if (!try_image(point, choice))
          return false;
    }
    return true;
  }

private:
  bool fail(const std::string &problem) const {
    printf("FAILED: %s\n", problem.c_str());
    return false;
  }

  // Cuts fall into operations too, and must wait for their end.
  void cut_at_any_time() {
    std::mt19937_64 random(plan_.seed);
    while (!done_) {
      perdure_sync();
      usleep(static_cast<useconds_t>(random() % 100));
    }
  }

  // Of all points a random sample of fixed size. Any thread; the store is locked.
  void crash_point(SimulatedStore &store, uint64_t number) {
    const size_t acknowledged = acknowledged_;
    const uint64_t at =
        points_seen_++ < plan_.points_max ? points_.size() : sampling_() % points_seen_;
    if (at >= plan_.points_max)
      return;
    Point point{number, store.cut(), acknowledged, issued_};
    if (at == points_.size())
      points_.push_back(std::move(point));
    else
      points_[at] = std::move(point);
  }

  // In a process of its own, which a broken structure may kill.
  bool try_image(const Point &point, const Choice &choice) {
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      alarm(kImageSeconds);
      const std::string problem = recover_and_check(point, choice);
      if (!problem.empty())
        printf("%s\n", problem.c_str());
      fflush(stdout);
      _exit(problem.empty() ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    if (status == 0)
      return true;
    return fail(std::string(WIFSIGNALED(status) ? "the program died" : "see above") +
                " after a crash at point " + std::to_string(point.number) + ", image " +
                to_string(choice) + ", with " + std::to_string(point.acknowledged) +
                " operations acknowledged and " + std::to_string(point.issued) + " begun");
  }

  // Takes one moment of recovery, at which power fails again.
  Status start_and_cut_once(SimulatedStore &store) {
    recovering_ = true;
    store.on_crash_point = [&](uint64_t number) {
      if (recovering_ && sampling_() % (number + 1) == 0)
        again_ = store.cut();
    };
    Status status = start_program(store);
    recovering_ = false;
    store.crash_points(); // waits for a thread of the runtime that is at one
    return status;
  }

  std::string recover_and_check(const Point &point, const Choice &choice) {
    std::mt19937_64 random(plan_.seed * 1000 + point.number * 10 + choice.value);
    auto &store = *leave(point.cut, choice).release();
    sampling_.seed(random());
    Status status = start_and_cut_once(store);
    if (!status)
      return "the pool cannot be opened: " + status.message();
    const Found found = look(point.acknowledged, point.issued);
    totals_.states++;
    if (!found.problem.empty())
      return found.problem;
    if (random() % 4 == 0 || !again_)
      return work_on(store, found.operations);
    stop_program();
    auto &second = *leave(*again_, {Choice::Kind::kRandom, random()}).release();
    if (status = start_program(second); !status)
      return "after a crash in recovery the pool cannot be opened: " + status.message();
    const Found same = look(found.operations, found.operations);
    totals_.states_in_recovery++;
    return same.problem.empty() ? "" : "after a crash in recovery: " + same.problem;
  }

  // Goes on from the first COUNT operations, and finds the result in the run after that.
  std::string work_on(SimulatedStore &store, size_t count) {
    Model model = model_after(count);
    const auto more =
        random_operations(plan_.seed + count, kOperationsAfter, structure_.value_size_max);
    for (const Operation &operation : more) {
      apply(operation, structure_);
      model.apply(operation);
    }
    stop_program();
    if (Status status = start_program(store); !status)
      return "after more operations the pool cannot be opened: " + status.message();
    std::string problem = check_structure();
    if (problem.empty() && entries_of(structure_) != model.entries())
      problem = "operations after the crash are lost";
    stop_program();
    return problem;
  }

  Model model_after(size_t count) const {
    Model model(structure_);
    for (size_t i = 0; i < count; ++i)
      model.apply(operations_[i]);
    return model;
  }

  // LEAST to MOST operations must be there.
  Found look(size_t least, size_t most) const {
    if (std::string problem = check_structure(); !problem.empty())
      return {problem};
    const Entries entries = entries_of(structure_);
    Model model = model_after(least);
    for (size_t count = least; count <= most; ++count) {
      if (model.entries() == entries)
        return {"", count};
      if (count < most)
        model.apply(operations_[count]);
    }
    return {structure_name() + " has " + std::to_string(entries.size()) +
            " entries that no number of operations from " + std::to_string(least) + " to " +
            std::to_string(most) + " leaves"};
  }

  std::string structure_name() const { return structure_.name; }

  // Invariants, the heap's too, and each live block in exactly one place of the structure.
  std::string check_structure() const {
    Heap &heap = Runtime::instance().heap();
    const bool deep =
        (totals_.states + totals_.states_in_recovery) % 4 == 0; // takes most of the time
    if (Status status = deep ? heap.check() : Status::ok(); !status)
      return "the heap is unsound: " + status.message();
    std::multiset<const void *> reached;
    auto reach = [](void *to, const void *block) {
      static_cast<std::multiset<const void *> *>(to)->insert(block);
    };
    if (const char *problem = structure_.verify(reach, &reached))
      return structure_name() + ": " + problem;
    std::multiset<const void *> live;
    heap.for_each_block([&](void *block, size_t) { live.insert(block); });
    if (live == reached)
      return "";
    return structure_name() + " consists of " + std::to_string(reached.size()) + " blocks, " +
           std::to_string(live.size()) + " are allocated";
  }

  const structure &structure_;
  const Medium medium_;
  const RunPlan plan_;
  Totals &totals_;
  std::mt19937_64 random_;
  const std::vector<Operation> operations_;
  std::atomic<size_t> issued_ = 0, acknowledged_ = 0;
  std::atomic<bool> done_ = false, recovering_ = false;
  std::mt19937_64 sampling_{plan_.seed}; // what follows: the store's lock
  std::optional<PowerCut> again_;
  uint64_t points_seen_ = 0;
  std::vector<Point> points_;
};

} // namespace

bool run_and_crash(const structure &structure, Medium medium, const RunPlan &plan, Totals &totals) {
  return CrashRun(structure, medium, plan, totals).run();
}

} // namespace perdure::crash
