// SPDX-License-Identifier: Apache-2.0
//
// Who calls whom, and when: which functions run only while the program starts, before main comes to
// its event loop. Calls through pointers are followed where those lie in tables of functions
// (objects with an initializer); every function whose address is taken is taken to run at any time.
#pragma once

#include "program_facts.h"

namespace perdure::propose {

class CallPaths {
public:
  explicit CallPaths(const ProgramFacts &facts);

  bool starts_only(const std::string &function) const { return start_up_.count(function) != 0; }
  const std::string &main() const { return main_; }
  // The call in main after which the program serves, or null: it has none, all of it runs.
  const Call *event_loop() const { return event_loop_; }
  // Main's callees before that, in order.
  const std::vector<std::string> &start_up_calls() const { return start_up_calls_; }

  // All functions, with those of libraries, that FUNCTION leads to, itself included.
  std::set<std::string> reachable_from(const std::set<std::string> &functions) const;
  template <typename Predicate> bool leads_to(const std::string &function, Predicate is) const {
    for (const std::string &reached : reachable_from({function}))
      if (is(reached))
        return true;
    return false;
  }
  const std::set<std::string> &callers(const std::string &function) const;
  const std::set<std::string> &thread_mains() const { return thread_mains_; }
  const std::set<std::string> &callbacks() const { return callbacks_; }

private:
  void find_event_loop();
  void split_start_up();

  const ProgramFacts &facts_;
  std::string main_;
  const Call *event_loop_ = nullptr;
  std::vector<std::string> start_up_calls_;
  std::set<std::string> start_up_, thread_mains_, callbacks_;
  std::map<std::string, std::set<std::string>> callers_;
  std::map<std::string, std::set<std::string>> in_tables_; // functions by the table's type
};

} // namespace perdure::propose
