// SPDX-License-Identifier: Apache-2.0
//
// The sequential specification: commands of the memcached protocol on one key.
#include "operation.h"

namespace perdure_linear {
namespace {

struct Effect {
  Outcome outcome;
  State after;
  uint64_t result = 0;
};

Effect effect_of(const Operation &operation, const State &state) {
  const State written = operation.argument;
  switch (operation.kind) {
  case Kind::get:
    return state ? Effect{Outcome::done, state, *state} : Effect{Outcome::missing, state};
  case Kind::set:
    return {Outcome::done, written};
  case Kind::add:
    return state ? Effect{Outcome::refused, state} : Effect{Outcome::done, written};
  case Kind::cas:
    if (!state)
      return {Outcome::missing, state};
    return *state == operation.expected ? Effect{Outcome::done, written}
                                        : Effect{Outcome::refused, state};
  case Kind::remove:
    return {state ? Outcome::done : Outcome::missing, State()};
  case Kind::increment:
    if (!state)
      return {Outcome::missing, state};
    return {Outcome::done, *state + operation.argument, *state + operation.argument};
  }
  __builtin_unreachable();
}

const char *name_of(Kind kind) {
  static const char *const names[] = {"get", "set", "add", "cas", "delete", "incr"};
  return names[static_cast<int>(kind)];
}

std::string reply_of(const Operation &operation) {
  bool value = operation.kind == Kind::get || operation.kind == Kind::increment;
  switch (operation.outcome) {
  case Outcome::lost:
    return "no reply before the kill";
  case Outcome::done:
    return value ? std::to_string(operation.result) : "done";
  case Outcome::refused:
    return "refused";
  case Outcome::missing:
    return "not there";
  }
  __builtin_unreachable();
}

} // namespace

std::optional<State> step(const Operation &operation, const State &state) {
  Effect effect = effect_of(operation, state);
  if (operation.outcome == Outcome::lost)
    return effect.after == state ? std::nullopt : std::optional(effect.after);
  if (effect.outcome != operation.outcome || effect.result != operation.result)
    return std::nullopt;
  return effect.after;
}

std::string describe(const State &state) { return state ? std::to_string(*state) : "absent"; }

std::string describe(const Operation &operation) {
  std::string text = "client " + std::to_string(operation.client) + " " + name_of(operation.kind);
  if (operation.kind == Kind::cas)
    text += " " + std::to_string(operation.expected) + " ->";
  if (operation.kind != Kind::get && operation.kind != Kind::remove)
    text += " " + std::to_string(operation.argument);
  return text + ": " + reply_of(operation);
}

} // namespace perdure_linear
