// SPDX-License-Identifier: Apache-2.0
//
// Which of the crash images that a power cut allows: a name short enough for a command line. Every
// image has a number (mixed radix over the atoms' values); for cuts with too many of them there are
// names for those that find most, and random ones.
#pragma once

#include "power_cut.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace perdure::crash {

struct Choice {
  enum class Kind {
    kNone,   // only what is durable
    kAll,    // everything, at its newest value
    kOne,    // atom VALUE alone
    kAllBut, // everything but atom VALUE
    kFirst,  // the first VALUE atoms
    kNumber, // image number VALUE
    kRandom  // by seed VALUE: any value of any atom
  } kind;
  uint64_t value = 0;
};

std::string to_string(const Choice &choice); // "none", "one:3", ...
std::optional<Choice> parse_choice(const std::string &text);

// The image.
std::unique_ptr<SimulatedStore> leave(const PowerCut &cut, const Choice &choice);

struct Thoroughness {
  uint64_t images_max; // all images, if there are no more than this; else:
  size_t atoms_max;    // so many atoms each alone, each missing, each as the end of a prefix
  size_t randoms;
};
std::vector<Choice> choices(const PowerCut &cut, const Thoroughness &how, uint64_t seed);

} // namespace perdure::crash
