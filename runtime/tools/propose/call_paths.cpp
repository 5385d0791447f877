// SPDX-License-Identifier: Apache-2.0
//
// See call_paths.h.
#include "call_paths.h"
#include "known_calls.h"
#include <algorithm>

namespace perdure::propose {

CallPaths::CallPaths(const ProgramFacts &facts) : facts_(facts) {
  for (const auto &[id, function] : facts.functions) {
    if (id == "main" || id.ends_with(":main"))
      main_ = id;
    for (const Call &call : function.calls)
      callers_[call.callee].insert(id);
    thread_mains_.insert(function.threads.begin(), function.threads.end());
    callbacks_.insert(function.takes.begin(), function.takes.end());
  }
  for (const auto &[variable, functions] : facts.taken_by_variables) {
    callbacks_.insert(functions.begin(), functions.end());
    auto table = facts.globals.find(variable);
    if (table != facts.globals.end() && !table->second.types.empty())
      in_tables_[table->second.types[0]].insert(functions.begin(), functions.end());
  }
  find_event_loop();
  split_start_up();
}

std::set<std::string> CallPaths::reachable_from(const std::set<std::string> &functions) const {
  std::set<std::string> reached = functions;
  std::vector<std::string> open(functions.begin(), functions.end());
  while (!open.empty()) {
    auto found = facts_.functions.find(open.back());
    open.pop_back();
    if (found == facts_.functions.end())
      continue;
    for (const Call &call : found->second.calls)
      if (reached.insert(call.callee).second)
        open.push_back(call.callee);
    for (const std::string &table : found->second.dispatches)
      if (auto targets = in_tables_.find(table); targets != in_tables_.end())
        for (const std::string &target : targets->second)
          if (reached.insert(target).second)
            open.push_back(target);
  }
  return reached;
}

const std::set<std::string> &CallPaths::callers(const std::string &function) const {
  static const std::set<std::string> none;
  auto found = callers_.find(function);
  return found == callers_.end() ? none : found->second;
}

// The last call in main that leads to a wait for events, else for input. One in a loop goes first:
// what comes after the loop may wait, too.
void CallPaths::find_event_loop() {
  auto found = facts_.functions.find(main_);
  if (found == facts_.functions.end())
    return;
  for (auto *waits : {waits_for_events, waits_for_input}) {
    for (const Call &call : found->second.calls) {
      const bool is_better =
          !event_loop_ || (call.loop != 0) > (event_loop_->loop != 0) ||
          ((call.loop != 0) == (event_loop_->loop != 0) && call.line > event_loop_->line);
      if (is_better && leads_to(call.callee, waits))
        event_loop_ = &call;
    }
    if (event_loop_)
      return;
  }
}

void CallPaths::split_start_up() {
  if (!event_loop_)
    return;
  std::vector<Call> calls = facts_.functions.at(main_).calls;
  std::sort(calls.begin(), calls.end(),
            [](const Call &a, const Call &b) { return a.line < b.line; });
  const unsigned first = event_loop_->loop ? event_loop_->loop : event_loop_->line;
  std::set<std::string> before, after = callbacks_;
  after.insert(thread_mains_.begin(), thread_mains_.end());
  for (const Call &call : calls) {
    if (call.line < first)
      start_up_calls_.push_back(call.callee);
    (call.line < first ? before : after).insert(call.callee);
  }
  const std::set<std::string> running = reachable_from(after);
  for (const std::string &function : reachable_from(before))
    if (!running.count(function))
      start_up_.insert(function);
  start_up_.insert(main_);
}

} // namespace perdure::propose
