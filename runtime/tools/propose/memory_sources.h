// SPDX-License-Identifier: Apache-2.0
//
// The functions that call malloc and its kin, and what comes out of them: of which types the memory
// is that they, or those they hand it to, make use of.
#pragma once

#include "lasting_data.h"

namespace perdure::propose {

struct MemorySource {
  std::string function;
  std::set<std::string> data, process; // types made
  std::set<std::string> givers;        // the function, and those that hand its memory on
  bool is_proposed = false;
  bool serves_both = false; // lasting and passing things: the heap rule is by scope
  std::string reason;
};

std::vector<MemorySource> find_memory_sources(const ProgramFacts &facts, const CallPaths &paths,
                                              const LastingData &lasting);

// Functions that make objects of the process with memory of a source that serves both.
std::map<std::string, std::string>
makers_of_process_types(const ProgramFacts &facts, const LastingData &lasting,
                        const std::vector<MemorySource> &sources);

} // namespace perdure::propose
