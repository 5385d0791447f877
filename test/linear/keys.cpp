// SPDX-License-Identifier: Apache-2.0
#include "keys.h"

#include <charconv>

namespace perdure_linear {

using perdure_kill::Segment;

Keys::Keys(unsigned texts, unsigned counters) {
  for (unsigned i = 0; i < texts; ++i)
    keys_.push_back({.name = "text:" + std::to_string(i)});
  for (unsigned i = 0; i < counters; ++i)
    keys_.push_back({.name = "counter:" + std::to_string(i), .counter = true});
}

uint64_t Keys::new_value(uint32_t size) {
  sizes_.push_back(size);
  return sizes_.size() - 1;
}

std::string Keys::bytes_of(const Key &key, uint64_t value) const {
  if (key.counter)
    return std::to_string(value);
  std::string bytes;
  perdure_kill::append_bytes({value, sizes_[value]}, bytes);
  return bytes;
}

uint64_t Keys::value_of(const Key &key, std::string_view bytes) const {
  if (key.counter) {
    uint64_t value = 0;
    auto [end, error] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), value);
    if (error == std::errc() && end == bytes.data() + bytes.size())
      return value;
  } else if (std::optional<uint64_t> value = perdure_kill::first_id(bytes)) {
    if (*value < sizes_.size() && perdure_kill::equal({{*value, sizes_[*value]}}, bytes))
      return *value;
  }
  throw NotLinearizable(key.name + ": a value nobody wrote: " + perdure_kill::describe(bytes));
}

void Keys::saw_cas(const Key &key, uint64_t value, uint64_t cas) {
  uint64_t known = cas_of_.emplace(value, cas).first->second;
  if (known != cas)
    throw NotLinearizable(key.name + ": value " + std::to_string(value) + " has CAS unique " +
                          std::to_string(cas) + ", before it was " + std::to_string(known));
  uint64_t other = value_of_.emplace(cas, value).first->second;
  if (other != value)
    throw NotLinearizable(key.name + ": CAS unique " + std::to_string(cas) + " of value " +
                          std::to_string(value) + " was that of value " + std::to_string(other));
}

void Keys::check() {
  for (Key &key : keys_) {
    if (key.history.empty())
      continue;
    Verdict verdict = perdure_linear::check(key.history, key.states);
    if (!verdict.linearizable())
      throw NotLinearizable(key.name + ": " + verdict.explanation);
    most_configurations_ = std::max(most_configurations_, verdict.configurations);
    operations_ += key.history.size();
    for (const Operation &operation : key.history)
      lost_ += operation.outcome == Outcome::lost;
    histories_++;
    key.history.clear();
    key.states = verdict.states;
  }
}

} // namespace perdure_linear
