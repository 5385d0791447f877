// SPDX-License-Identifier: Apache-2.0
//
// Decides whether a history of one key is strictly linearizable (Aguilera and Frolund, 2003): each
// operation takes effect at one moment between its call and its end, one that was cut off by a kill
// before the kill or never. Keys are independent, so a history of all of them is linearizable if
// each key's is (Herlihy and Wing, 1990).
//
// The algorithm is just-in-time linearization as a search of a graph (Lowe, "Testing for
// linearizability", 2017). It walks the calls and ends in their order and keeps every configuration
// the key may be in: its state, and which of the operations under way have taken effect. An
// operation takes effect only when an end, its own or another's, asks for it. Equal configurations
// are one, so the cost grows with the clients and not with the length of the history.
#pragma once

#include "operation.h"

#include <set>
#include <vector>

namespace perdure_linear {

struct Verdict {
  std::set<State> states;    // what the key may hold after the history; empty: not linearizable
  std::string explanation;   // if so: the operation that has no place, and what was around it
  size_t configurations = 0; // most of them at once
  bool linearizable() const { return !states.empty(); }
};

inline constexpr size_t CONCURRENT_MAX = 64;

// Checks HISTORY, in any order, from one of the INITIAL states. A later part of the history may be
// checked from the states returned, if no operation of this part is under way when it begins.
// REQUIRES: at most CONCURRENT_MAX operations at once.
Verdict check(const std::vector<Operation> &history, const std::set<State> &initial);

} // namespace perdure_linear
