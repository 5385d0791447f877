// SPDX-License-Identifier: Apache-2.0
//
// See explorer.h.
#include "explorer.h"
#include "heap_layout.h"
#include <atomic>
#include <chrono>
#include <cstring>
#include <sstream>

namespace perdure::crash {

std::string to_string(const Path &path) {
  std::string text;
  for (const Crash &crash : path)
    text += (text.empty() ? "" : ",") + std::to_string(crash.point) + "/" + to_string(crash.choice);
  return text;
}

std::optional<Path> parse_path(const std::string &text) {
  Path path;
  std::istringstream rest(text);
  for (std::string part; std::getline(rest, part, ',');) {
    const size_t slash = part.find('/');
    const auto choice =
        slash == std::string::npos ? std::nullopt : parse_choice(part.substr(slash + 1));
    if (!choice || part.find_first_not_of("0123456789") != slash || slash == 0)
      return std::nullopt;
    path.push_back({std::stoull(part), *choice});
  }
  return path;
}

namespace {

using Clock = std::chrono::steady_clock;

EpochRecord record_of(uint64_t epoch, uint64_t offset, const char *text) {
  EpochRecord record(epoch);
  record.add(offset, text, std::strlen(text));
  return record;
}

class Explorer {
public:
  Explorer(const WorkloadInfo &info, Medium medium, const Plan &plan)
      : info_(info), medium_(medium), plan_(plan), workload_(info.make(medium, plan.seed)),
        ends_at_(Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                    std::chrono::duration<double>(plan.seconds_max))) {}

  Outcome run() {
    SimulatedStore store(medium_);
    Ledger ledger;
    {
      InStore here(store);
      workload_->prepare();
    }
    store.on_crash_point = [&](uint64_t point) {
      outcome_.points++;
      crash(store, ledger, {}, point);
    };
    {
      InStore here(store);
      if (Status status = workload_->run(ledger, [&] { return is_over(); }); !status)
        report("the workload failed: " + status.message(), {});
    }
    crash(store, ledger, {}, store.crash_points()); // and after its end
    outcome_.states = states_;
    return outcome_;
  }

private:
  bool is_over() const {
    return failed_ || states_ >= plan_.states_max || Clock::now() >= ends_at_;
  }
  void report(const std::string &problem, const Path &path) {
    if (failed_.exchange(true))
      return;
    outcome_.problem = problem;
    outcome_.path = path;
  }

  // Crash points take turns: the store that comes to one is locked.
  void crash(const SimulatedStore &store, const Ledger &ledger, const Path &path, uint64_t point) {
    if (is_over() || (path.empty() && is_passed_over(ledger, point)))
      return;
    if (path.empty())
      workload_->crashing();
    const PowerCut cut = store.cut();
    outcome_.atoms_max = std::max(outcome_.atoms_max, cut.atoms());
    for (const Choice &choice : choices_at(cut, path, point)) {
      Path here = path;
      here.push_back({point, choice});
      auto image = leave(cut, choice);
      const std::string problem = recover(*image, ledger, here);
      states_++;
      if (!problem.empty())
        report(problem, here);
      if (is_over())
        return;
    }
  }

  bool is_passed_over(const Ledger &ledger, uint64_t point) const {
    if (!ledger.created() && !info_.creation)
      return true;
    return plan_.only.empty() && (point + plan_.seed) % plan_.points_step != 0;
  }

  std::vector<Choice> choices_at(const PowerCut &cut, const Path &path, uint64_t point) const {
    const Thoroughness first = {info_.images_max, plan_.atoms_max, plan_.randoms};
    const Thoroughness again = {4, info_.again ? 16u : 1, 1}; // in a recovery
    if (plan_.only.empty())
      return choices(cut, path.empty() ? first : again, seed_of(path, point));
    const size_t depth = path.size();
    if (depth >= plan_.only.size() || plan_.only[depth].point != point)
      return {};
    return {plan_.only[depth].choice};
  }

  uint64_t seed_of(const Path &path, uint64_t point) const {
    uint64_t seed = plan_.seed;
    for (const Crash &crash : path)
      seed = seed * 1'000'003 + crash.point * 31 + crash.choice.value;
    return seed * 1'000'003 + point;
  }

  // All images of depth 1 are crashed again at some points of their recovery, fewer the deeper.
  bool is_crashed_again(const Path &path, uint64_t point) const {
    if (!plan_.only.empty())
      return path.size() < plan_.only.size();
    std::mt19937_64 random(seed_of(path, point));
    const size_t depth_max = info_.again ? 2 : plan_.depth_max;
    return path.size() < depth_max && random() % (path.size() == 1 ? 16 : 8) == 0;
  }

  std::string recover(SimulatedStore &store, const Ledger &before, const Path &path) {
    InStore here(store);
    Ledger ledger(before);
    store.on_crash_point = [&](uint64_t point) {
      if (is_crashed_again(path, point))
        crash(store, ledger, path, point);
    };
    const PoolOptions options = workload_->options();
    if (pool_is_missing(options.path) && ledger.created())
      return "the pool is gone";
    if (ledger.closed() && !is_clean(options))
      return "the pool was closed, and does not say so";
    remove_foreign_log(store, options);
    auto image = open_image(options, ledger);
    if (!image)
      return "the pool cannot be opened: " + image.status().message();
    return use(**image, ledger);
  }

  static bool is_clean(const PoolOptions &options) {
    auto pool = open_pool(options);
    return pool && (pool->superblock.flags & kSuperblockClean) != 0;
  }

  // A log elsewhere whose pool was never finished: its user is told to remove it.
  static void remove_foreign_log(SimulatedStore &store, const PoolOptions &options) {
    if (!options.log_path.empty() && pool_is_missing(options.path))
      store.remove(options.log_path);
  }

  // A recovered pool is judged, and goes on: epochs, a checkpoint, a close.
  std::string use(LedgeredImage &image, Ledger &ledger) {
    const uint64_t epoch = image.last_epoch();
    if (std::string problem = ledger.judge(epoch, image.image_fd()); !problem.empty())
      return problem;
    if (std::string problem =
            workload_->verify(ledger.program_epoch(epoch), image.image_fd(), image.image_bytes());
        !problem.empty())
      return problem;
    ledger.found(epoch);
    Status status = image.commit(record_of(epoch + 1, kRootsOffset + 3000, "after the crash"));
    if (status)
      status = image.pooled().checkpoint_now();
    if (status)
      status = image.commit(record_of(epoch + 2, kRootsOffset + 6000, "and again"));
    if (status)
      status = image.close();
    if (!status)
      return "a recovered pool fails: " + status.message();
    return ledger.judge(epoch + 2, image.image_fd());
  }

  const WorkloadInfo &info_;
  const Medium medium_;
  const Plan plan_;
  const std::unique_ptr<Workload> workload_;
  const Clock::time_point ends_at_;
  std::atomic<uint64_t> states_ = 0;
  std::atomic<bool> failed_ = false;
  Outcome outcome_;
};

} // namespace

Outcome explore(const WorkloadInfo &workload, Medium medium, const Plan &plan) {
  return Explorer(workload, medium, plan).run();
}

} // namespace perdure::crash
