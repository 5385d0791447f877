// SPDX-License-Identifier: Apache-2.0
//
// Which types and globals look like data that should last. A type that holds something of the
// process (a thread, a descriptor, a library's object), or points to such a type, does not. What is
// left counts as data, or what belongs to the types that the user named.
#pragma once

#include "call_paths.h"

namespace perdure::propose {

// A global variable, or a field of one.
struct Part {
  std::string reference;              // as in a port file
  std::string global, field;          // ids
  std::set<std::string> writers;      // once the program runs
  std::set<std::string> initialisers; // while it starts
  bool is_proposed = false;
  std::string reason;
};

class LastingData {
public:
  LastingData(const ProgramFacts &facts, const CallPaths &paths,
              const std::vector<std::string> &kept_types);

  const std::vector<Part> &parts() const { return parts_; } // best evidence first
  bool is_data(const std::string &type) const { return data_.count(type) != 0; }
  // Whether such objects are those that should last, or parts of them.
  bool is_inside_data(const std::string &type) const { return inside_.count(type) != 0; }
  // Whether its objects lead to those that should last.
  bool leads_to_data(const std::string &type) const { return leading_.count(type) != 0; }
  bool holds_process(const std::string &type) const;
  // Whether the function's own stores go to what is proposed to last.
  bool changes_data(const std::string &function) const;
  // The parts that its own stores go to.
  std::set<std::string> parts_written(const std::string &function) const;
  // Whether it writes globals that are no proposed part.
  bool writes_others(const std::string &function) const;
  bool is_proposed(const std::string &global, const std::string &field) const;
  bool is_kept_file(const std::string &file) const { return files_.count(file) != 0; }
  bool is_clock(const std::string &global) const { return clocks_.count(global) != 0; }

private:
  void find_process_types();
  void find_data(const std::vector<std::string> &kept);
  void find_clocks();
  void find_parts();
  void judge_by_type(Part &part) const;
  void collect_company();
  void judge_by_company();
  bool is_counter(const Part &part) const;
  void join_fields();

  const ProgramFacts &facts_;
  const CallPaths &paths_;
  std::set<std::string> process_, data_, inside_, leading_, files_, clocks_;
  std::vector<Part> parts_;
  std::map<std::string, std::set<std::string>> parts_of_; // proposed references by function
};

} // namespace perdure::propose
