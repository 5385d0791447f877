// SPDX-License-Identifier: Apache-2.0
//
// Histories whose verdict is known: small ones by name, and random ones that are linearizable
// because they were made from an order, or not because one reply in them was changed.
#include "checker.h"

#include <gtest/gtest.h>
#include <random>

namespace perdure_linear {
namespace {

constexpr uint64_t NONE = 0;

Operation operation(Kind kind, uint64_t argument, double call, double end,
                    Outcome outcome = Outcome::done) {
  return {.kind = kind, .argument = argument, .outcome = outcome, .call = call, .end = end};
}
Operation set(uint64_t value, double call, double end) {
  return operation(Kind::set, value, call, end);
}
Operation add(uint64_t value, double call, double end, Outcome outcome) {
  return operation(Kind::add, value, call, end, outcome);
}
Operation remove(double call, double end) { return operation(Kind::remove, NONE, call, end); }
Operation found(uint64_t value, double call, double end) {
  Operation result = operation(Kind::get, NONE, call, end);
  result.result = value;
  return result;
}
Operation absent(double call, double end) {
  return operation(Kind::get, NONE, call, end, Outcome::missing);
}
Operation cas(uint64_t expected, uint64_t value, double call, double end,
              Outcome outcome = Outcome::done) {
  Operation result = operation(Kind::cas, value, call, end, outcome);
  result.expected = expected;
  return result;
}
Operation increment(uint64_t amount, uint64_t sum, double call, double end) {
  Operation result = operation(Kind::increment, amount, call, end);
  result.result = sum;
  return result;
}
Operation cut_off(Operation operation, double kill) {
  operation.outcome = Outcome::lost;
  operation.end = kill;
  operation.result = 0;
  return operation;
}

bool linearizable(const std::vector<Operation> &history) {
  return check(history, {State()}).linearizable();
}

TEST(Checker, AcceptsTheEmptyHistory) { EXPECT_TRUE(linearizable({})); }

TEST(Checker, AcceptsOneOrderOfConcurrentOperations) {
  EXPECT_TRUE(linearizable({set(1, 0, 10), set(2, 0, 10), found(2, 2, 4), found(1, 5, 6)}));
  EXPECT_TRUE(linearizable({set(1, 0, 3), absent(1, 2)}));
  EXPECT_TRUE(linearizable({set(1, 0, 3), found(1, 1, 2)}));
}

TEST(Checker, RejectsAStaleRead) {
  EXPECT_FALSE(linearizable({set(1, 0, 1), set(2, 2, 3), found(1, 4, 5)}));
}

TEST(Checker, RejectsAReadThatGoesBackWhileTheWriteIsUnderWay) {
  EXPECT_FALSE(linearizable({set(1, 0, 1), set(2, 2, 9), found(2, 3, 4), found(1, 5, 6)}));
}

TEST(Checker, RejectsAReadOfWhatIsWrittenLater) {
  EXPECT_FALSE(linearizable({found(1, 0, 1), set(1, 2, 3)}));
}

TEST(Checker, OperationsThatTouchAreConcurrent) {
  EXPECT_TRUE(linearizable({set(1, 0, 1), absent(1, 2)}));
}

TEST(Checker, RejectsALostUpdate) {
  EXPECT_FALSE(linearizable({set(5, 0, 1), increment(1, 6, 2, 4), increment(1, 6, 2, 4)}));
  EXPECT_TRUE(linearizable({set(5, 0, 1), increment(1, 7, 2, 4), increment(1, 6, 2, 4)}));
}

TEST(Checker, RejectsAnAcknowledgedSetThatACrashLost) {
  EXPECT_FALSE(linearizable({set(1, 0, 1), cut_off(set(2, 2, 0), 5), absent(6, 7)}));
}

TEST(Checker, RejectsADeletedValueThatCameBack) {
  EXPECT_FALSE(linearizable({set(1, 0, 1), remove(2, 3), found(1, 4, 5)}));
}

TEST(Checker, RejectsACasAppliedTwice) {
  EXPECT_FALSE(linearizable({set(1, 0, 1), cas(1, 2, 2, 5), cas(1, 3, 2, 5)}));
  EXPECT_TRUE(linearizable({set(1, 0, 1), cas(1, 2, 2, 5), cas(1, 3, 2, 5, Outcome::refused)}));
}

TEST(Checker, RejectsACasThatWasRefusedThoughNothingHadChanged) {
  EXPECT_FALSE(linearizable({set(1, 0, 1), cas(1, 2, 2, 3, Outcome::refused)}));
}

TEST(Checker, AddsOnlyWhereNothingIs) {
  EXPECT_FALSE(linearizable({add(1, 0, 2, Outcome::done), add(2, 0, 2, Outcome::done)}));
  EXPECT_TRUE(linearizable({add(1, 0, 2, Outcome::done), add(2, 0, 2, Outcome::refused)}));
  EXPECT_FALSE(linearizable({add(1, 0, 1, Outcome::refused)}));
}

TEST(Checker, AnOperationCutOffTookEffectOrNot) {
  std::vector<Operation> history = {set(1, 0, 1), cut_off(set(2, 2, 0), 5)};
  for (uint64_t value : {1, 2}) {
    std::vector<Operation> with = history;
    with.push_back(found(value, 6, 7));
    EXPECT_TRUE(linearizable(with)) << value;
  }
  history.push_back(found(3, 6, 7));
  EXPECT_FALSE(linearizable(history));
}

TEST(Checker, AnOperationCutOffTookEffectAfterItsCall) {
  EXPECT_FALSE(linearizable({set(1, 0, 1), found(2, 1.2, 1.5), cut_off(set(2, 2, 0), 5)}));
}

TEST(Checker, AnOperationCutOffMayNotTakeEffectAfterTheKill) {
  EXPECT_FALSE(
      linearizable({set(1, 0, 1), cut_off(set(2, 2, 0), 5), found(1, 6, 7), found(2, 8, 9)}));
}

TEST(Checker, AnOperationCutOffThatWasSeenMayNotVanish) {
  EXPECT_FALSE(
      linearizable({set(1, 0, 1), cut_off(set(2, 2, 0), 5), found(2, 3, 4), found(1, 6, 7)}));
}

TEST(Checker, AnOperationCutOffTakesEffectOnce) {
  EXPECT_FALSE(linearizable({set(5, 0, 1), cut_off(increment(1, 0, 2, 0), 5), found(7, 6, 7)}));
}

TEST(Checker, ContinuesFromTheStatesOfTheFirstPart) {
  Verdict first =
      check({set(1, 0, 1), cut_off(set(2, 2, 0), 5), cut_off(remove(2, 0), 5)}, {State()});
  EXPECT_EQ(first.states, (std::set<State>{State(), State(1), State(2)}));
  EXPECT_TRUE(check({found(2, 6, 7)}, first.states).linearizable());
  EXPECT_FALSE(check({found(3, 6, 7)}, first.states).linearizable());
}

TEST(Checker, NamesTheOperationThatHasNoPlace) {
  Verdict verdict = check({set(1, 0, 1), set(2, 2, 3), found(1, 4, 5)}, {State()});
  EXPECT_NE(
      verdict.explanation.find("no order explains client 0 get: 1; before it the key may have "
                               "been 2"),
      std::string::npos)
      << verdict.explanation;
}

// --- random histories --------------------------------------------------------------------------

// A history of CLIENTS that was made by taking effects one after the other at known moments. In
// every KILL-th round all that is under way is cut off, with and without its effect.
class RandomHistory {
public:
  RandomHistory(uint64_t seed, unsigned clients) : random_(seed), clients_(clients) {}

  std::vector<Operation> make(unsigned rounds, unsigned kill) {
    for (unsigned round = 1; round <= rounds; ++round)
      add_round(round % kill == 0);
    return history_;
  }
  uint64_t below(uint64_t limit) { return random_() % limit; }

private:
  // One operation of each client, all concurrent, in a random order of their effects.
  void add_round(bool kill) {
    double start = time_;
    for (unsigned client = 0; client < clients_; ++client) {
      Operation next = random_operation();
      next.client = client;
      next.call = start + static_cast<double>(below(1000)) * 1e-3;
      double effect = time_ = std::max(time_, next.call) + 0.1;
      next.end = effect + static_cast<double>(below(3000)) * 1e-3;
      bool lost = kill && below(2) == 0, effective = !lost || below(2) == 0;
      take(next, effective, lost);
    }
    latest_ = std::max(latest_, time_);
    for (Operation &operation : history_)
      latest_ = std::max(latest_, operation.end);
    for (Operation &operation : history_)
      if (operation.outcome == Outcome::lost && operation.end < 0)
        operation.end = latest_;
    time_ = latest_ + 1;
  }

  void take(Operation &next, bool effective, bool lost) {
    for (Outcome outcome : {Outcome::done, Outcome::refused, Outcome::missing}) {
      next.outcome = outcome;
      next.result = outcome != Outcome::done       ? 0
                    : next.kind == Kind::get       ? state_.value_or(0)
                    : next.kind == Kind::increment ? state_.value_or(0) + next.argument
                                                   : 0;
      if (std::optional<State> after = step(next, state_)) {
        if (effective)
          state_ = *after;
        break;
      }
    }
    if (lost) {
      next.outcome = Outcome::lost;
      next.end = -1; // until the last of the round is known
      next.result = 0;
    }
    history_.push_back(next);
  }

  Operation random_operation() {
    Operation result;
    result.kind = static_cast<Kind>(below(6));
    result.argument = result.kind == Kind::increment ? 1 : ++last_value_ * 1000;
    result.expected = below(2) ? state_.value_or(0) : 1;
    return result;
  }

  std::mt19937_64 random_;
  unsigned clients_;
  std::vector<Operation> history_;
  State state_;
  uint64_t last_value_ = 0;
  double time_ = 0, latest_ = 0;
};

TEST(Checker, AcceptsRandomHistoriesThatHaveAnOrder) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    std::vector<Operation> history = RandomHistory(seed, 1 + seed % 8).make(20, 4);
    Verdict verdict = check(history, {State()});
    ASSERT_TRUE(verdict.linearizable()) << "seed " << seed << ": " << verdict.explanation;
  }
}

TEST(Checker, RejectsRandomHistoriesWithAReadOfAValueNobodyWrote) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    RandomHistory source(seed, 1 + seed % 8);
    std::vector<Operation> history = source.make(20, 4);
    Operation &changed = history[source.below(history.size())];
    changed.kind = Kind::get;
    changed.outcome = Outcome::done;
    changed.result = 999;
    ASSERT_FALSE(check(history, {State()}).linearizable()) << "seed " << seed;
  }
}

// All orders of a few operations, tried one by one, give the same verdict.
bool some_order(const std::vector<Operation> &left, const State &state) {
  if (left.empty())
    return true;
  double first_end = left[0].end;
  for (const Operation &operation : left)
    first_end = std::min(first_end, operation.end);
  for (size_t i = 0; i < left.size(); ++i) {
    if (left[i].call > first_end)
      continue;
    std::vector<Operation> rest = left;
    rest.erase(rest.begin() + static_cast<ptrdiff_t>(i));
    std::optional<State> after = step(left[i], state);
    if ((after && some_order(rest, *after)) ||
        (left[i].outcome == Outcome::lost && some_order(rest, state)))
      return true;
  }
  return false;
}

TEST(Checker, AgreesWithATrialOfAllOrders) {
  unsigned rejected = 0;
  for (uint64_t seed = 1; seed <= 2000; ++seed) {
    RandomHistory source(seed, 3);
    std::vector<Operation> history = source.make(2, 1 + seed % 2);
    Operation &changed = history[source.below(history.size())];
    if (changed.outcome == Outcome::done && source.below(2) == 0)
      changed.outcome = Outcome::missing, changed.result = 0;
    else
      std::swap(changed.argument, history[source.below(history.size())].argument);
    bool expected = some_order(history, State());
    rejected += !expected;
    ASSERT_EQ(check(history, {State()}).linearizable(), expected) << "seed " << seed;
  }
  EXPECT_GT(rejected, 200u);
  EXPECT_LT(rejected, 1800u);
}

} // namespace
} // namespace perdure_linear
