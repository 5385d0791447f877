// SPDX-License-Identifier: Apache-2.0
#include "audit_suspects.h"
#include <gtest/gtest.h>

namespace perdure {
namespace {

std::vector<std::pair<uint64_t, uint64_t>> pairs(const std::vector<ByteRange> &ranges) {
  std::vector<std::pair<uint64_t, uint64_t>> result;
  for (const ByteRange &range : ranges)
    result.emplace_back(range.begin, range.end);
  return result;
}
using Pairs = std::vector<std::pair<uint64_t, uint64_t>>;

TEST(AuditSuspectsTest, ADifferenceCountsOnceItLasted) {
  Suspects suspects(100);
  EXPECT_EQ(pairs(suspects.compared({{8, 12}}, 1000)), Pairs{});
  EXPECT_EQ(pairs(suspects.compared({{8, 12}}, 1050)), Pairs{});
  EXPECT_EQ(pairs(suspects.compared({{8, 12}}, 1100)), (Pairs{{8, 12}}));
  EXPECT_TRUE(suspects.empty());
}

TEST(AuditSuspectsTest, WhatWasRecordedMeanwhileStartsAnew) {
  Suspects suspects(100);
  suspects.compared({{8, 16}}, 1000);
  suspects.recorded(10, 12);
  EXPECT_EQ(pairs(suspects.compared({{8, 16}}, 1100)), (Pairs{{8, 10}, {12, 16}}));
  EXPECT_EQ(pairs(suspects.compared({{8, 16}}, 1200)), (Pairs{{10, 12}}));
}

TEST(AuditSuspectsTest, ANeighbourThatJustDiffersIsNotBlamed) {
  Suspects suspects(100);
  suspects.compared({{8, 9}}, 1000);
  EXPECT_EQ(pairs(suspects.compared({{0, 9}}, 1100)), (Pairs{{8, 9}}));
  suspects.compared({{0, 8}}, 1150);
  EXPECT_EQ(pairs(suspects.compared({{0, 24}}, 1200)), (Pairs{{0, 8}}));
}

} // namespace
} // namespace perdure
