// SPDX-License-Identifier: Apache-2.0
//
// The state a key may show, and descriptions for messages.
#include "model.h"

#include <charconv>

namespace perdure_kill {
namespace {

// incr and decr rewrite a number in place, padded with spaces when it became shorter.
bool equal_number(std::string_view text, uint64_t count) {
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || value != count)
    return false;
  return text.find_first_not_of(' ', static_cast<size_t>(end - text.data())) ==
         std::string_view::npos;
}

} // namespace

std::string mismatch(const State &state, const Observed &observed) {
  if (!observed.present) {
    if (state.present && observed.answered_at < state.gone_from)
      return "it is missing";
    return "";
  }
  if (!state.present)
    return "it is there although it was deleted, flushed or never stored";
  if (observed.asked_at > state.gone_at)
    return "it is there although it has expired";
  if (state.number ? !equal_number(observed.data, state.count) : !equal(state.value, observed.data))
    return "its value differs";
  if (observed.flags != state.flags)
    return "its flags differ";
  if (observed.cas != 0 && observed.cas <= state.cas_above)
    return "its CAS unique is not greater than those given out before it was stored";
  return "";
}

std::string describe(const State &state) {
  if (!state.present)
    return "absent";
  std::string text = state.number ? "number " + std::to_string(state.count) : describe(state.value);
  text += ", flags " + std::to_string(state.flags) + ", CAS unique above " +
          std::to_string(state.cas_above);
  if (state.gone_from != NEVER)
    text += ", expires between " + std::to_string(state.gone_from) + " and " +
            std::to_string(state.gone_at);
  return text;
}

std::string describe(const Observed &observed) {
  if (!observed.present)
    return "absent";
  return describe(observed.data) + ", flags " + std::to_string(observed.flags) + ", CAS unique " +
         std::to_string(observed.cas);
}

} // namespace perdure_kill
