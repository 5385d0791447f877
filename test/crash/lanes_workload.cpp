// SPDX-License-Identifier: Apache-2.0
//
// Threads that move amounts between accounts, count their units and rewrite a page, each in one
// unit under locks; now and then one waits until its units are durable. After a crash the accounts
// must add up, the page be of one hand, and no unit that was waited for be missing. Cuts are made
// by the committer thread (block) or the waiting threads (memory); the checkpoint thread runs too.
// Threads pause inside units and after them, so that cuts fall there.
#include "epochs.h"
#include "words_under_test.h"
#include "workload.h"
#include <array>
#include <chrono>
#include <thread>
#include <unistd.h>

namespace perdure::crash {
namespace {

constexpr size_t kThreads = 3;
constexpr size_t kUnits = 60; // of each
constexpr size_t kAccounts = 48;
constexpr size_t kCounters = 64; // first word; a line each
constexpr size_t kPage = 1024;   // first word
constexpr size_t kPageWords = 600;

class Lanes final : public Workload {
public:
  explicit Lanes(uint64_t seed) : seed_(seed) {}

  PoolOptions options() const override {
    PoolOptions options = Workload::options();
    options.log_size = 32 << 10;
    return options;
  }

  Status run(Ledger &ledger, const std::function<bool()> &stop) override {
    auto image = open_image(options(), ledger, true);
    if (!image)
      return image.status();
    words_.map();
    Epochs epochs;
    epochs.start(image->get(), 0, false, [](Sending) {});
    std::vector<std::thread> threads;
    for (size_t thread = 0; thread < kThreads; ++thread)
      threads.emplace_back([&, thread] { work(epochs, thread, stop); });
    for (std::thread &thread : threads)
      thread.join();
    epochs.stop();
    words_.unmap();
    return (*image)->close();
  }

  // The store is locked, but others run on for a moment: what they acknowledge now must be there.
  void crashing() override {
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    for (size_t thread = 0; thread < kThreads; ++thread)
      required_[thread] = acknowledged_[thread];
  }

  std::string verify(uint64_t, int image_fd, uint64_t) override {
    std::vector<uint64_t> words(kPage + kPageWords);
    if (pread(image_fd, words.data(), words.size() * 8, kHeapOffset) < 0)
      return "the image cannot be read";
    uint64_t sum = 0;
    for (size_t account = 0; account < kAccounts; ++account)
      sum += words[account];
    if (sum != 0)
      return "the accounts do not add up: half a unit is there";
    for (size_t word = kPage; word < kPage + kPageWords; ++word)
      if (words[word] != words[kPage])
        return "the page is of two units";
    for (size_t thread = 0; thread < kThreads; ++thread)
      if (words[kCounters + 8 * thread] < required_[thread])
        return "unit " + std::to_string(required_[thread]) + " of thread " +
               std::to_string(thread) + " was durable, now its last is " +
               std::to_string(words[kCounters + 8 * thread]);
    return "";
  }

private:
  void work(Epochs &epochs, size_t thread, const std::function<bool()> &stop) {
    std::mt19937_64 random(seed_ * kThreads + thread);
    for (uint64_t unit = 1; unit <= kUnits && !stop(); ++unit) {
      Mutator::current().unit_begin();
      transfer(random);
      if (random() % 6 == 0)
        rewrite_page(random());
      words_.store(kCounters + 8 * thread, unit);
      Mutator::current().unit_end();
      if (random() % 4 != 0)
        continue;
      pause_at_times(random);
      const uint64_t ticket = epochs.ticket_to_wait_for();
      if (ticket == 0 || epochs.wait(ticket))
        acknowledged_[thread] = unit;
    }
  }

  // The locks are released before the unit ends: others build on it.
  void transfer(std::mt19937_64 &random) {
    std::lock_guard guard(accounts_);
    const size_t from = random() % kAccounts, to = random() % kAccounts;
    words_.store(from, words_[from] - 1);
    pause_at_times(random);
    words_.store(to, words_[to] + 1);
  }
  static void pause_at_times(std::mt19937_64 &random) {
    if (random() % 2 == 0)
      std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  void rewrite_page(uint64_t value) {
    std::lock_guard guard(page_);
    for (size_t word = kPage; word < kPage + kPageWords; ++word)
      words_[word] = value;
    words_.note(kPage, kPageWords * 8);
  }

  const uint64_t seed_;
  WordsUnderTest words_;
  std::mutex accounts_, page_;
  std::array<std::atomic<uint64_t>, kThreads> acknowledged_{};
  std::array<uint64_t, kThreads> required_{};
};

} // namespace

std::unique_ptr<Workload> make_lanes(Medium, uint64_t seed) {
  return std::make_unique<Lanes>(seed);
}

} // namespace perdure::crash
