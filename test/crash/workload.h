// SPDX-License-Identifier: Apache-2.0
//
// A program that is crashed: it runs on simulated storage, keeps a ledger, and knows what its
// recovered data must satisfy beyond being an epoch's bytes.
#pragma once

#include "ledger.h"
#include "persist_simulated.h"
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace perdure::crash {

using Medium = SimulatedStore::Medium;

class Workload {
public:
  virtual ~Workload() = default;
  virtual PoolOptions options() const;
  // What the user makes, and makes durable, before the program starts: no crash falls into it. In
  // the store that this thread uses.
  virtual void prepare() {}
  // The program, in the store that this thread uses. Stops early once STOP(). Errors: anything
  // that fails on storage that does not.
  virtual Status run(Ledger &ledger, const std::function<bool()> &stop) = 0;
  // Called at each crash point, before images are made of it: what must be there afterwards, in
  // the program's own terms. Any thread.
  virtual void crashing() {}
  // What is wrong with a recovered image, in the program's own terms. The same thread.
  virtual std::string verify(uint64_t epoch, int image_fd, uint64_t image_bytes) {
    (void)epoch, (void)image_fd, (void)image_bytes;
    return "";
  }
};

struct WorkloadInfo {
  const char *name;
  const char *what;
  bool creation;       // crashes during the pool's creation count
  bool threads;        // crash points differ from run to run
  uint64_t images_max; // of a cut with no more images all are tried
  std::unique_ptr<Workload> (*make)(Medium medium, uint64_t seed);
  bool again = false; // crashes in its recovery matter most: more of them are tried
};
const std::vector<WorkloadInfo> &workloads();

// Opens the pool, creating it if there is none, for a program without a checkpoint thread if not
// BACKGROUND.
Result<std::unique_ptr<LedgeredImage>> open_image(const PoolOptions &options, Ledger &ledger,
                                                  bool background = false);

std::unique_ptr<Workload> make_heap(Medium medium, uint64_t seed);
std::unique_ptr<Workload> make_lanes(Medium medium, uint64_t seed);

} // namespace perdure::crash
