// SPDX-License-Identifier: Apache-2.0
//
// The core workloads of YCSB (Cooper et al., SoCC 2010): shares of operations, and how records are
// chosen. A to F, with records in place of its tables of fields: an update writes a whole record.
#pragma once

#include <atomic>
#include <cmath>
#include <cstdint>
#include <random>

namespace bench {

enum class Operation { kRead, kUpdate, kInsert, kScan, kReadModifyWrite };
enum class Choice { kZipfian, kLatest };

struct Workload {
  char name;
  Operation other; // what is done when it is not a read; in E the scan is the rule
  unsigned read_percent;
  Operation rule;
  Choice choice;
};

constexpr Workload kWorkloads[] = {
    {'A', Operation::kUpdate, 50, Operation::kRead, Choice::kZipfian},
    {'B', Operation::kUpdate, 95, Operation::kRead, Choice::kZipfian},
    {'C', Operation::kUpdate, 100, Operation::kRead, Choice::kZipfian},
    {'D', Operation::kInsert, 95, Operation::kRead, Choice::kLatest},
    {'E', Operation::kInsert, 95, Operation::kScan, Choice::kZipfian},
    {'F', Operation::kReadModifyWrite, 50, Operation::kRead, Choice::kZipfian},
};

constexpr unsigned kScanMax = 100; // lengths are uniform from 1 on

// Ranks by Zipf's law with YCSB's exponent 0.99 (Gray et al., SIGMOD 1994). Rank 0 is the most
// frequent.
class Zipfian {
public:
  explicit Zipfian(uint64_t items) : items_(items) {
    for (uint64_t i = 1; i <= items; i++)
      zeta_ += 1 / std::pow(static_cast<double>(i), kTheta);
    const double zeta2 = 1 + std::pow(0.5, kTheta);
    eta_ = (1 - std::pow(2.0 / static_cast<double>(items), 1 - kTheta)) / (1 - zeta2 / zeta_);
  }
  // UNIFORM: from [0, 1).
  uint64_t rank(double uniform) const {
    const double uz = uniform * zeta_;
    if (uz < 1)
      return 0;
    if (uz < 1 + std::pow(0.5, kTheta))
      return 1;
    auto rank = static_cast<uint64_t>(static_cast<double>(items_) *
                                      std::pow(eta_ * uniform - eta_ + 1, 1 / (1 - kTheta)));
    return rank < items_ ? rank : items_ - 1;
  }

private:
  static constexpr double kTheta = 0.99;
  const uint64_t items_;
  double zeta_ = 0, eta_;
};

// Frequent records lie anywhere in the order of keys (YCSB's FNV hash of the rank).
inline uint64_t scattered(uint64_t rank) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (int i = 0; i < 8; i++, rank >>= 8)
    hash = (hash ^ (rank & 0xff)) * 0x100000001b3u;
  return hash;
}

} // namespace bench
