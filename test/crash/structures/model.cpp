// SPDX-License-Identifier: Apache-2.0
#include "model.h"

#include <algorithm>
#include <random>

namespace perdure::crash {

constexpr size_t kCacheBytes = 8000; // as lru_cache.c
constexpr uint64_t kKeys = 60;

static std::string random_value(std::mt19937_64 &random, size_t size_max) {
  const size_t usual = std::min<size_t>(size_max, 400);
  std::string value(1 + random() % (random() % 10 == 0 ? size_max : usual), '\0');
  const uint64_t pattern = random();
  for (size_t i = 0; i < value.size(); ++i)
    value[i] = static_cast<char>((pattern >> i % 8 * 8) + i / 8);
  return value;
}

std::vector<Operation> random_operations(uint64_t seed, size_t count, size_t value_size_max) {
  using Kind = Operation::Kind;
  std::mt19937_64 random(seed);
  std::vector<Operation> operations;
  for (size_t i = 0; i < count; ++i) {
    const uint64_t what = random() % 200;
    const Kind kind = what == 0    ? Kind::kClear
                      : what < 120 ? Kind::kPut
                      : what < 170 ? Kind::kRemove
                                   : Kind::kGet;
    Operation operation{kind, random() % kKeys, ""};
    if (kind == Kind::kPut)
      operation.value = random_value(random, value_size_max);
    operations.push_back(std::move(operation));
  }
  return operations;
}

void apply(const Operation &operation, const structure &to) {
  switch (operation.kind) {
  case Operation::Kind::kPut:
    return to.put(operation.key, operation.value.data(), operation.value.size());
  case Operation::Kind::kRemove:
    return to.remove(operation.key);
  case Operation::Kind::kGet:
    return to.get(operation.key);
  case Operation::Kind::kClear:
    return to.clear();
  }
}

void Model::put_in_cache(const Operation &operation) {
  entries_.insert(entries_.begin(), {operation.key, operation.value});
  size_t bytes = 0;
  for (const auto &[key, value] : entries_)
    bytes += value.size();
  for (; bytes > kCacheBytes; entries_.pop_back())
    bytes -= entries_.back().second.size();
}

void Model::apply(const Operation &operation) {
  auto found = std::ranges::find(entries_, operation.key, &Entries::value_type::first);
  switch (operation.kind) {
  case Operation::Kind::kPut:
    if (found != entries_.end())
      entries_.erase(found);
    if (cache_)
      return put_in_cache(operation);
    entries_.insert(
        std::ranges::lower_bound(entries_, operation.key, {}, &Entries::value_type::first),
        {operation.key, operation.value});
    return;
  case Operation::Kind::kRemove:
    if (found != entries_.end())
      entries_.erase(found);
    return;
  case Operation::Kind::kGet:
    if (cache_ && found != entries_.end())
      std::rotate(entries_.begin(), found, found + 1);
    return;
  case Operation::Kind::kClear:
    entries_.clear();
  }
}

Entries entries_of(const structure &structure) {
  Entries entries;
  structure.for_each(
      [](void *to, uint64_t key, const void *value, size_t size) {
        static_cast<Entries *>(to)->emplace_back(
            key, std::string(static_cast<const char *>(value), size));
      },
      &entries);
  if (&structure != &lru_cache)
    std::ranges::sort(entries);
  return entries;
}

} // namespace perdure::crash
