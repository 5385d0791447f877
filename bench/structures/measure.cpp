// SPDX-License-Identifier: Apache-2.0
//
// Google Benchmark driver of one structure of one size. The structure is filled once; then
//
//   overwrite         one word of an entry that is there
//   overwrite_append  the same, and the least that durability costs (append_log.h)
//   update/P          P of 100 operations insert a key that is missing or remove one that is there,
//                     the others look up a key of which half are there
//   swap/N            array only: N swaps a transaction
#include "append_log.h"
#include "driver.h"
#include <CLI/CLI.hpp>
#include <benchmark/benchmark.h>
#include <cstdio>

namespace bench {
namespace {

const Options *options;
Caller *caller;
Population *population;
AppendLog *append_log;

// A thread's share of the key numbers, so that each knows which of its keys are there.
struct Share {
  uint64_t first, size;
  Random random;
};

Share share_of(const benchmark::State &state) {
  uint64_t size = population->size() / state.threads();
  return {size * state.thread_index(), size, Random(state.thread_index() + 1)};
}

template <bool also_append> void overwrite(benchmark::State &state) {
  Share share = share_of(state);
  uint64_t value = 0;
  for (auto _ : state) {
    uint64_t number = share.first + share.random.below(share.size);
    while (!population->present(number))
      number = share.first + share.random.below(share.size);
    caller->put(key_of(number), ++value);
    if (also_append)
      append_log->append(number, value);
  }
}

void update(benchmark::State &state) {
  Share share = share_of(state);
  const auto percent = static_cast<uint64_t>(state.range(0));
  for (auto _ : state) {
    uint64_t number = share.first + share.random.below(share.size);
    uint64_t key = key_of(number), value = number;
    if (percent != 100 && share.random.below(100) >= percent) {
      benchmark::DoNotOptimize(caller->get(key, &value));
      continue;
    }
    uint8_t &present = population->present(number);
    present ? caller->remove(key) : caller->put(key, value);
    present ^= 1;
  }
}

void swap(benchmark::State &state) {
  uint32_t places[2 * 64];
  const auto count = static_cast<size_t>(2 * state.range(0));
  Random random(1);
  for (auto _ : state) {
    for (size_t i = 0; i < count; i++)
      places[i] = static_cast<uint32_t>(random.below(options->keys));
    array_swap(places, count);
    if (options->sync && perdure_sync)
      perdure_sync();
  }
}

void fill(const structure &target) {
  for (uint64_t number = 0; number < population->size(); number += 2) {
    target.put(key_of(number), number);
    population->present(number) = 1;
  }
}

void register_for_keyed() {
  auto with_threads = [](benchmark::internal::Benchmark *b) {
    b->Threads(options->threads)->UseRealTime();
    return b;
  };
  const std::string prefix = options->structure + "/" + std::to_string(options->keys) + "/";
  if (!find_structure(options->structure)->is_fifo) {
    with_threads(benchmark::RegisterBenchmark((prefix + "overwrite").c_str(), overwrite<false>));
    if (append_log)
      with_threads(
          benchmark::RegisterBenchmark((prefix + "overwrite_append").c_str(), overwrite<true>));
  }
  auto *mixes = benchmark::RegisterBenchmark((prefix + "update").c_str(), update);
  for (int percent : {0, 10, 50, 100})
    mixes->Arg(percent);
  with_threads(mixes);
}

void register_for_array() {
  const std::string name = "array/" + std::to_string(options->keys) + "/swap";
  benchmark::RegisterBenchmark(name.c_str(), swap)->Arg(1)->Arg(8)->Arg(64)->UseRealTime();
}

void parse(int argc, char **argv, Options &parsed) {
  CLI::App app("Measures one data structure; further options are Google Benchmark's.");
  app.add_option("--structure", parsed.structure, "its name, or array");
  app.add_option("--keys", parsed.keys, "how many are there at first")
      ->check(CLI::Range(16, 1 << 30));
  app.add_option("--threads", parsed.threads, "that call, under one lock if more than one");
  app.add_flag("--sync", parsed.sync, "wait after each update until it is durable");
  app.add_option("--append", parsed.append, "file for the benchmark overwrite_append");
  app.add_option("--peer-pool", parsed.peer_pool, "pool of a variant with another library");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    std::exit(app.exit(error));
  }
}

} // namespace
} // namespace bench

int main(int argc, char **argv) {
  using namespace bench;
  benchmark::Initialize(&argc, argv);
  Options parsed;
  parse(argc, argv, parsed);
  options = &parsed;
  if (variant_open)
    variant_open(parsed.peer_pool.c_str());
  std::unique_ptr<AppendLog> log;
  if (!parsed.append.empty())
    log = std::make_unique<AppendLog>(parsed.append);
  append_log = log.get();
  if (parsed.structure == "array") {
    array_make(parsed.keys);
    register_for_array();
    benchmark::RunSpecifiedBenchmarks();
    return 0;
  }
  const structure *target = find_structure(parsed.structure);
  if (!target) {
    std::fprintf(stderr, "bench: this program has no structure '%s'\n", parsed.structure.c_str());
    return 2;
  }
  Population keys(parsed.keys);
  Caller calls(*target, parsed);
  population = &keys;
  caller = &calls;
  fill(*target);
  if (perdure_sync)
    perdure_sync();
  register_for_keyed();
  benchmark::RunSpecifiedBenchmarks();
}
