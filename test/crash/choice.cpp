// SPDX-License-Identifier: Apache-2.0
//
// See choice.h.
#include "choice.h"
#include "persist_simulated.h"
#include <algorithm>
#include <array>
#include <charconv>
#include <random>

namespace perdure::crash {

using Kind = Choice::Kind;

static constexpr std::array<const char *, 7> kNames = {"none",  "all",    "one",   "but",
                                                       "first", "number", "random"};

std::string to_string(const Choice &choice) {
  const std::string name = kNames[static_cast<size_t>(choice.kind)];
  return choice.kind <= Kind::kAll ? name : name + ":" + std::to_string(choice.value);
}

std::optional<Choice> parse_choice(const std::string &text) {
  const size_t colon = std::min(text.find(':'), text.size());
  const auto name = std::ranges::find(kNames, text.substr(0, colon));
  if (name == kNames.end())
    return std::nullopt;
  Choice choice{static_cast<Kind>(name - kNames.begin())};
  if (choice.kind <= Kind::kAll)
    return colon == text.size() ? std::optional(choice) : std::nullopt;
  const char *end = text.data() + text.size();
  if (colon == text.size() ||
      std::from_chars(text.data() + colon + 1, end, choice.value).ptr != end)
    return std::nullopt;
  return choice;
}

// What RANDOM makes of an atom. Some images keep little, some much.
static size_t random_value(std::mt19937_64 &random, uint64_t seed, size_t newest) {
  const uint64_t kept_of_8 = std::array<uint64_t, 4>{4, 1, 7, 4}[seed % 4];
  return random() % 8 < kept_of_8 ? 1 + random() % newest : 0;
}

std::unique_ptr<SimulatedStore> leave(const PowerCut &cut, const Choice &choice) {
  std::mt19937_64 random(choice.value);
  uint64_t rest = choice.value;
  return cut.leave([&](size_t atom) -> size_t {
    const size_t newest = cut.newest(atom);
    switch (choice.kind) {
    case Kind::kNone:
      return 0;
    case Kind::kAll:
      return newest;
    case Kind::kOne:
      return atom == choice.value ? newest : 0;
    case Kind::kAllBut:
      return atom != choice.value ? newest : 0;
    case Kind::kFirst:
      return atom < choice.value ? newest : 0;
    case Kind::kNumber: {
      const size_t value = rest % (newest + 1);
      rest /= newest + 1;
      return value;
    }
    case Kind::kRandom:
      return random_value(random, choice.value, newest);
    }
    return 0;
  });
}

// Past LIMIT only that it is more.
static uint64_t images_of(const PowerCut &cut, uint64_t limit) {
  uint64_t images = 1;
  for (size_t atom = 0; atom < cut.atoms() && images <= limit; ++atom)
    images *= cut.newest(atom) + 1;
  return images;
}

std::vector<Choice> choices(const PowerCut &cut, const Thoroughness &how, uint64_t seed) {
  std::vector<Choice> chosen;
  if (const uint64_t images = images_of(cut, how.images_max); images <= how.images_max) {
    for (uint64_t number = 0; number < images; ++number)
      chosen.push_back({Kind::kNumber, number});
    return chosen;
  }
  chosen = {{Kind::kNone}, {Kind::kAll}};
  std::mt19937_64 random(seed);
  const size_t atoms = std::min(cut.atoms(), how.atoms_max);
  for (size_t i = 0; i < atoms; ++i) {
    const uint64_t atom = atoms == cut.atoms() ? i : random() % cut.atoms();
    chosen.push_back({Kind::kOne, atom});
    chosen.push_back({Kind::kAllBut, atom});
    chosen.push_back({Kind::kFirst, atom});
  }
  for (size_t i = 0; i < how.randoms; ++i)
    chosen.push_back({Kind::kRandom, random() % 1'000'000});
  return chosen;
}

} // namespace perdure::crash
