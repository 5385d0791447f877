// SPDX-License-Identifier: Apache-2.0
//
// See status_publisher.h.
#include "status_publisher.h"
#include "uninterrupted.h"
#include <chrono>
#include <cstring>
#include <pthread.h>
#include <system_error>

namespace perdure {

static constexpr std::chrono::milliseconds kInterval{100};
static constexpr uint64_t kSignOfLifeNs = 1'000'000'000;

std::unique_ptr<StatusPublisher> StatusPublisher::start(const std::string &directory,
                                                        std::function<void(PoolStatus &)> sample) {
  auto file = StatusFile::create(directory);
  if (!file)
    return nullptr;
  std::unique_ptr<StatusPublisher> publisher(
      new StatusPublisher(std::move(file), std::move(sample)));
  // Signals are the program's: its handlers must not run on our thread, which inherits this mask.
  Uninterrupted masked;
  try {
    publisher->thread_ = std::thread([self = publisher.get()] { self->run(); });
  } catch (const std::system_error &) {
    return nullptr; // the pool is worth more than what is told of it
  }
  return publisher;
}

StatusPublisher::~StatusPublisher() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable())
    thread_.join();
}

void StatusPublisher::abandon(std::unique_ptr<StatusPublisher> publisher) {
  if (StatusPublisher *forgotten = publisher.release()) // its locks may be held by nobody
    forgotten->file_->abandon();
}

void StatusPublisher::run() {
  pthread_setname_np(pthread_self(), "perdure-status");
  PoolStatus status{};
  const uint64_t started = monotonic_ns();
  std::unique_lock lock(mutex_);
  do {
    PoolStatus next{};
    next.started_ns = started;
    sample_(next);
    // The rest is what write() completes.
    const size_t from = offsetof(PoolStatus, flags);
    const bool same =
        std::memcmp(reinterpret_cast<char *>(&next) + from,
                    reinterpret_cast<char *>(&status) + from, sizeof status - from) == 0;
    if (same && monotonic_ns() - status.now_ns < kSignOfLifeNs)
      continue;
    status = next;
    file_->write(status);
  } while (!wake_.wait_for(lock, kInterval, [this] { return stopping_; }));
}

} // namespace perdure
