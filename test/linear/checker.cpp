// SPDX-License-Identifier: Apache-2.0
//
// The search: checker.h has the idea.
#include "checker.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace perdure_linear {
namespace {

struct Event {
  double time;
  bool end;
  const Operation *operation;
  // Of two at the same time the call comes first: the operations are concurrent.
  bool operator<(const Event &other) const {
    return time != other.time ? time < other.time : end < other.end;
  }
};

struct Configuration {
  uint64_t effective = 0; // bit per slot: the operation under way there has taken effect
  State state;
  auto operator<=>(const Configuration &) const = default;
};

class Search {
public:
  explicit Search(const std::set<State> &initial) {
    for (const State &state : initial)
      configurations_.insert({0, state});
  }

  void call(const Operation *operation) {
    if (free_ == 0) {
      fprintf(stderr, "more than %zu operations of one key at once\n", CONCURRENT_MAX);
      abort();
    }
    int slot = std::countr_zero(free_);
    free_ &= ~bit(slot);
    under_way_[slot] = operation;
  }

  // Keeps the configurations in which OPERATION has taken effect by now. One that was cut off may
  // also have had none.
  void end(const Operation *operation) {
    int slot = static_cast<int>(std::find(under_way_, under_way_ + CONCURRENT_MAX, operation) -
                                under_way_);
    std::set<Configuration> found = reach(slot);
    if (operation->outcome == Outcome::lost)
      for (const Configuration &configuration : configurations_)
        if (!(configuration.effective & bit(slot)))
          found.insert(configuration);
    before_ = std::exchange(configurations_, std::move(found));
    free_ |= bit(slot);
    under_way_[slot] = nullptr;
    most_ = std::max(most_, configurations_.size());
  }

  bool failed() const { return configurations_.empty(); }
  std::set<State> states() const { return states_of(configurations_); }
  // Before the last end.
  std::set<State> states_before() const { return states_of(before_); }
  size_t most() const { return most_; }

private:
  static constexpr uint64_t bit(int slot) { return uint64_t{1} << slot; }

  static std::set<State> states_of(const std::set<Configuration> &configurations) {
    std::set<State> result;
    for (const Configuration &configuration : configurations)
      result.insert(configuration.state);
    return result;
  }

  // All configurations that come about when operations under way take effect, up to and including
  // the one in SLOT, whose bit is taken out.
  std::set<Configuration> reach(int slot) const {
    std::set<Configuration> seen = configurations_, found;
    std::vector<Configuration> open(configurations_.begin(), configurations_.end());
    while (!open.empty()) {
      Configuration at = open.back();
      open.pop_back();
      if (at.effective & bit(slot)) {
        found.insert({at.effective & ~bit(slot), at.state});
        continue;
      }
      for (uint64_t left = ~(free_ | at.effective); left; left &= left - 1) {
        int next = std::countr_zero(left);
        std::optional<State> after = step(*under_way_[next], at.state);
        if (!after)
          continue;
        Configuration to{at.effective | bit(next), *after};
        if (seen.insert(to).second)
          open.push_back(to);
      }
    }
    return found;
  }

  std::set<Configuration> configurations_, before_;
  const Operation *under_way_[CONCURRENT_MAX] = {};
  uint64_t free_ = ~uint64_t{0};
  size_t most_ = 1;
};

std::vector<Event> events_of(const std::vector<Operation> &history) {
  std::vector<Event> events;
  for (const Operation &operation : history) {
    events.push_back({operation.call, false, &operation});
    events.push_back({operation.end, true, &operation});
  }
  std::sort(events.begin(), events.end());
  return events;
}

// The operation that has no place, and those that ended shortly before it or were under way.
std::string explain(const std::vector<Operation> &history, const Operation &wrong,
                    const std::set<State> &states) {
  std::string text = "no order explains " + describe(wrong) + "; before it the key may have been";
  size_t shown = 0;
  for (const State &state : states)
    if (shown++ < 8)
      text += (shown > 1 ? ", " : " ") + describe(state);
  std::vector<const Operation *> around;
  for (const Operation &operation : history)
    if (operation.call <= wrong.end)
      around.push_back(&operation);
  std::sort(around.begin(), around.end(),
            [](const Operation *a, const Operation *b) { return a->end < b->end; });
  auto position = std::find(around.begin(), around.end(), &wrong);
  if (position - around.begin() > 16)
    around.erase(around.begin(), position - 16);
  for (const Operation *operation : around) {
    char times[64];
    snprintf(times, sizeof(times), "\n  %+10.3f to %+8.3f ms  ",
             (operation->call - wrong.end) * 1e3, (operation->end - wrong.end) * 1e3);
    text += times + describe(*operation) + (operation == &wrong ? "   <--" : "");
  }
  return text;
}

} // namespace

Verdict check(const std::vector<Operation> &history, const std::set<State> &initial) {
  Search search(initial);
  for (const Event &event : events_of(history)) {
    if (!event.end) {
      search.call(event.operation);
      continue;
    }
    search.end(event.operation);
    if (search.failed())
      return {{}, explain(history, *event.operation, search.states_before()), search.most()};
  }
  return {search.states(), "", search.most()};
}

} // namespace perdure_linear
