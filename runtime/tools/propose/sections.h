// SPDX-License-Identifier: Apache-2.0
//
// The port file's keys, each drafted from the program's facts.
#pragma once

#include "memory_sources.h"
#include "port_draft.h"

namespace perdure::propose {

// A function that takes the addresses of more fills a table of everything.
constexpr size_t kFewCallbacks = 8;

struct Analysis {
  const ProgramFacts &facts;
  const CallPaths &paths;
  const LastingData &lasting;
  const std::vector<MemorySource> &sources;
};

DraftList draft_globals(const Analysis &a);
DraftList draft_types(const Analysis &a);
DraftList draft_pins(const Analysis &a);
DraftList draft_fields(const Analysis &a);

DraftList draft_allocations(const Analysis &a);
// Empty unless one allocator serves lasting and passing things.
DraftList draft_volatile_scopes(const Analysis &a);
DraftList draft_persistent_scopes(const Analysis &a);

DraftList draft_locks(const Analysis &a);
DraftList draft_transactions(const Analysis &a, const DraftList &locks);
DraftList draft_commit_points(const Analysis &a, const DraftList &locks);
// Whether units are turns of the event loop: hardly a change of data is seen under a lock.
bool is_event_driven(const Analysis &a, const DraftList &locks);

DraftList draft_skipped(const Analysis &a);
DraftList draft_restored(const Analysis &a);
DraftList draft_extern_writes(const Analysis &a);
// The function of start-up before which recovery could run: "" if there is none.
std::string recovery_place(const Analysis &a);

// Threads, forks and printed output: what no key says by itself.
std::vector<std::string> remarks(const Analysis &a);

} // namespace perdure::propose
