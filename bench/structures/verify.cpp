// SPDX-License-Identifier: Apache-2.0
//
// Random operations on each structure, held against a model. The sequence follows from the seed, so
// that a second run with --recovered tells what a durable build must have found again.
#include "driver.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <deque>
#include <map>

namespace bench {
namespace {

using Entry = std::pair<uint64_t, uint64_t>;

// What a structure must hold.
class Model {
public:
  explicit Model(bool fifo) : fifo_(fifo) {}

  bool put(uint64_t key, uint64_t value) {
    if (fifo_)
      return order_.emplace_back(key, value), true;
    return map_.insert_or_assign(key, value).second;
  }
  bool remove(uint64_t key) {
    if (!fifo_)
      return map_.erase(key) != 0;
    bool found = !order_.empty();
    if (found)
      order_.pop_front();
    return found;
  }
  bool get(uint64_t key, uint64_t *value) const {
    auto found = map_.find(key);
    bool there = fifo_ ? !order_.empty() : found != map_.end();
    if (there)
      *value = fifo_ ? order_.front().second : found->second;
    return there;
  }
  // Of a queue in its order, else sorted.
  std::vector<Entry> entries() const {
    return fifo_ ? std::vector<Entry>(order_.begin(), order_.end())
                 : std::vector<Entry>(map_.begin(), map_.end());
  }

private:
  const bool fifo_;
  std::map<uint64_t, uint64_t> map_;
  std::deque<Entry> order_;
};

std::vector<Entry> entries_of(const structure &target) {
  std::vector<Entry> entries;
  target.for_each(
      [](void *context, uint64_t key, uint64_t value) {
        static_cast<std::vector<Entry> *>(context)->emplace_back(key, value);
      },
      &entries);
  if (!target.is_fifo)
    std::sort(entries.begin(), entries.end());
  return entries;
}

bool fail(const structure &target, const char *what) {
  std::fprintf(stderr, "bench: %s: %s\n", target.name, what);
  return false;
}

// Phases in which the structure grows, shrinks and is changed. TARGET null: on the model alone.
bool run(const structure *target, Model &model, uint64_t operations) {
  constexpr uint64_t kPutPercent[] = {70, 20, 50};
  Random random(7);
  for (uint64_t i = 0; i < operations; i++) {
    uint64_t key = key_of(random.below(operations / 8 + 16)), value = i, expected = i;
    uint64_t dice = random.below(100), puts = kPutPercent[i * 3 / operations];
    if (dice % 4 == 0) {
      bool found = model.get(key, &expected);
      if (target && (target->get(key, &value) != found || value != expected))
        return fail(*target, "get differs from the model");
    } else if (dice < puts) {
      bool is_new = model.put(key, value);
      if (target && target->put(key, value) != is_new)
        return fail(*target, "put differs from the model");
    } else {
      bool found = model.remove(key);
      if (target && target->remove(key) != found)
        return fail(*target, "remove differs from the model");
    }
  }
  return true;
}

bool verify(const structure &target, uint64_t operations, bool recovered) {
  Model model(target.is_fifo);
  if (!run(recovered ? nullptr : &target, model, operations))
    return false;
  if (entries_of(target) != model.entries())
    return fail(target, recovered ? "recovered entries differ from the model" : "entries differ");
  return true;
}

bool verify_array(bool recovered) {
  constexpr size_t kWords = 1000;
  constexpr uint64_t kSum = kWords * (kWords - 1) / 2;
  if (!recovered)
    array_make(kWords);
  Random random(7);
  for (int i = 0; i < 1000 && !recovered; i++) {
    uint32_t places[16];
    for (uint32_t &place : places)
      place = static_cast<uint32_t>(random.below(kWords));
    array_swap(places, 16);
  }
  if (array_sum() != kSum)
    std::fprintf(stderr, "bench: array: words are missing\n");
  return array_sum() == kSum;
}

} // namespace
} // namespace bench

int main(int argc, char **argv) {
  uint64_t operations = 20'000;
  bool recovered = false;
  std::string peer_pool;
  CLI::App app("Holds each structure against a model.");
  app.add_option("--operations", operations, "on each")->check(CLI::Range(100, 1 << 30));
  app.add_flag("--recovered", recovered, "only compare with what a run before must have left");
  app.add_option("--peer-pool", peer_pool, "pool of a variant with another library");
  CLI11_PARSE(app, argc, argv);
  if (variant_open)
    variant_open(peer_pool.c_str());
  int verified = 0;
  for (const structure *const *target = structures; *target; target++, verified++)
    if (!bench::verify(**target, operations, recovered))
      return 1;
  if (!bench::verify_array(recovered))
    return 1;
  if (perdure_sync && !recovered && perdure_sync() != 0)
    std::fprintf(stderr, "bench: no pool\n");
  std::printf("%d structures and the array hold what they must\n", verified);
}
