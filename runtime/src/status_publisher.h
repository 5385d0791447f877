// SPDX-License-Identifier: Apache-2.0
//
// Keeps the pool's status file up to date from a thread of its own, so that those who do the work
// pay nothing: it reads the counters that they keep anyway. Ten times a second while they change;
// once a second otherwise, as a sign of life.
#pragma once

#include "status_file.h"
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace perdure {

class StatusPublisher {
public:
  // SAMPLE fills in what it knows; called by the thread. Null if there can be no file or thread.
  static std::unique_ptr<StatusPublisher> start(const std::string &directory,
                                                std::function<void(PoolStatus &)> sample);
  ~StatusPublisher(); // ends the thread, removes the file
  // In a forked child, where the thread does not exist: forgets PUBLISHER.
  static void abandon(std::unique_ptr<StatusPublisher> publisher);

private:
  StatusPublisher(std::unique_ptr<StatusFile> file, std::function<void(PoolStatus &)> sample)
      : file_(std::move(file)), sample_(std::move(sample)) {}
  void run();

  const std::unique_ptr<StatusFile> file_;
  const std::function<void(PoolStatus &)> sample_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false; // mutex_
  std::thread thread_;
};

} // namespace perdure
