// SPDX-License-Identifier: Apache-2.0
//
// The oracle: at every persist point of a workload power fails, with none, all, each single one,
// each prefix and random subsets of the pending atoms. What is recovered must be exactly some
// epoch's state, and not an older one than the last acknowledged. Every recovered pool is crashed
// again during its recovery and used further.
#include "simulated_pool.h"
#include <map>
#include <random>

namespace perdure {
namespace {

constexpr uint64_t kLines = 40;
constexpr uint64_t kLineSize = 64;
constexpr uint64_t kStride = 5'000; // lines in different pages and windows

using State = std::vector<std::string>; // of every line

State initial_state() { return State(kLines, std::string(kLineSize, '\0')); }

State state_of(const StableFile &image) {
  State state;
  for (uint64_t line = 0; line < kLines; ++line)
    state.push_back(image_bytes_at(image, line * kStride, kLineSize));
  return state;
}

class CrashTest : public testing::TestWithParam<std::tuple<uint32_t, int>> {
protected:
  // Writes random lines in epoch EPOCH, and notes the state that it makes.
  EpochRecord random_epoch(uint64_t epoch) {
    EpochRecord record(epoch);
    State next = states_[epoch - 1];
    for (uint64_t i = 0; i < 1 + random_() % 20; ++i) {
      const uint64_t line = random_() % kLines;
      next[line] = std::string(kLineSize, static_cast<char>(random_() % 256));
      next[line][1] = static_cast<char>(epoch);
      record.add(line * kStride, next[line].data(), kLineSize);
    }
    states_[epoch] = next;
    return record;
  }

  // Recovers STORE and checks the oracle; returns the epoch that it shows.
  uint64_t check(SimulatedStore &store) {
    auto pool = reopened_pool(store);
    EXPECT_TRUE(pool.is_ok()) << pool.status().message();
    if (!pool)
      return 0;
    auto report = recover(*pool);
    EXPECT_TRUE(report.is_ok()) << report.status().message();
    if (!report)
      return 0;
    EXPECT_GE(report->last_epoch, acknowledged_) << "an acknowledged epoch is lost";
    EXPECT_LE(report->last_epoch, acknowledged_ + 1);
    EXPECT_EQ(state_of(*pool->image), states_[report->last_epoch]) << "not an epoch's state";
    ++images_;
    return report->last_epoch;
  }

  void check_crash(const SimulatedStore &store, const std::function<bool(size_t)> &keep) {
    auto found = crashed(store, keep);
    const uint64_t epoch = check(*found);
    // Power fails again after recovery wrote to the image: any part of that may have survived.
    {
      std::mt19937_64 random(1);
      auto again = crashed(*found, [&](size_t) { return random() % 2 == 0; });
      EXPECT_EQ(check(*again), epoch) << "recovery is not idempotent";
    }
  }

  void check_crashes(const SimulatedStore &store) {
    const size_t atoms = store.cut().atoms();
    check_crash(store, [](size_t) { return false; });
    check_crash(store, [](size_t) { return true; });
    for (size_t one = 0; one < std::min<size_t>(atoms, 3); ++one) {
      check_crash(store, [&](size_t atom) { return atom == one; });
      check_crash(store, [&](size_t atom) { return atom != one; });
      check_crash(store, [&](size_t atom) { return atom < one; });
    }
    for (uint64_t seed = 0; seed < 4; ++seed) {
      std::mt19937_64 random(seed);
      check_crash(store, [&](size_t) { return random() % 2 == 0; });
    }
  }

  std::mt19937_64 random_{static_cast<uint64_t>(std::get<1>(GetParam()))};
  std::map<uint64_t, State> states_{{0, initial_state()}};
  uint64_t acknowledged_ = 0;
  uint64_t images_ = 0;
};

TEST_P(CrashTest, WhatIsRecoveredIsAnEpochAndNoAcknowledgedOneIsMissing) {
  const auto [atom, seed] = GetParam();
  SimulatedStore store(atom == 8 ? kMemory : kBlock);
  Pool formatted = formatted_pool(store, 8 << 10); // a lap takes about ten epochs
  store.on_crash_point = [&](uint64_t) { check_crashes(store); };
  for (int run = 0; run < 3 && !HasFailure(); ++run) {
    auto pool = reopened_pool(store);
    ASSERT_TRUE(pool.is_ok());
    auto image = started(std::move(*pool));
    ASSERT_NE(image, nullptr);
    EXPECT_EQ(image->last_epoch(), acknowledged_);
    for (int i = 0; i < 12 && !HasFailure(); ++i) {
      ASSERT_TRUE(image->commit(random_epoch(acknowledged_ + 1)).is_ok());
      acknowledged_++;
      if (random_() % 5 == 0) {
        ASSERT_TRUE(image->checkpoint_now().is_ok());
      }
    }
    if (run == 1) {
      ASSERT_TRUE(image->close().is_ok());
    }
  }
  EXPECT_GT(images_, 500u);
}

TEST_P(CrashTest, AGrowingLogLosesNothing) {
  const auto [atom, seed] = GetParam();
  SimulatedStore store(atom == 8 ? kMemory : kBlock);
  auto image = started(formatted_pool(store, 4 << 10));
  store.on_crash_point = [&](uint64_t) { check_crashes(store); };
  for (uint64_t epoch = 1; epoch <= 6 && !HasFailure(); ++epoch) {
    auto record = random_epoch(epoch);
    std::string big(epoch % 3 == 0 ? 4000 * epoch : 10, '\0');
    for (char &c : big)
      c = static_cast<char>(random_());
    record.add(kLines * kStride, big.data(), big.size());
    ASSERT_TRUE(image->commit(std::move(record)).is_ok());
    acknowledged_++;
  }
  EXPECT_GT(image->stats().log_grown, 0u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, CrashTest,
                         testing::Combine(testing::Values(512u, 8u), testing::Values(1, 2)));

} // namespace
} // namespace perdure
