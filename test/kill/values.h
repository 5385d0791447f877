// SPDX-License-Identifier: Apache-2.0
//
// Values that need not be kept: a segment's bytes follow from its id, so the observer remembers a
// number where the server stores up to a megabyte, and a foreign or torn value is recognised.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace perdure_kill {

struct Segment {
  uint64_t id = 0;
  uint32_t size = 0; // bytes
  bool operator==(const Segment &) const = default;
};

// A value built by set, append and prepend: its segments in order.
using Segments = std::vector<Segment>;

uint64_t bytes_of(const Segments &segments);
void append_bytes(const Segment &segment, std::string &to);
bool equal(const Segments &segments, std::string_view bytes);

// The id of the segment that BYTES start with, if it is a known pattern.
std::optional<uint64_t> first_id(std::string_view bytes);

// The ids a value seems to consist of, for messages: "id 17 x 100 bytes" or "not a known pattern".
std::string describe(std::string_view bytes);
std::string describe(const Segments &segments);

// A small fast generator (splitmix64), the same on every machine for a seed.
class Random {
public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // Uniform in [0, LIMIT); 0 for LIMIT 0.
  uint64_t below(uint64_t limit) { return limit ? next() % limit : 0; }
  // Uniform in [LOW, HIGH].
  uint64_t between(uint64_t low, uint64_t high) { return low + below(high - low + 1); }
  bool one_in(uint64_t n) { return below(n) == 0; }

private:
  uint64_t state_;
};

} // namespace perdure_kill
