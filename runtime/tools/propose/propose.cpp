// SPDX-License-Identifier: Apache-2.0
//
// See propose.h.
#include "propose/propose.h"
#include "sections.h"
#include <cstdio>

namespace perdure {
namespace {

using namespace propose;

Status check_types(const ProgramFacts &facts, const std::vector<std::string> &types) {
  for (const std::string &type : types)
    if (!facts.types.count(type))
      return Status::error("the program has no type '" + type +
                           "'; a type is named by its tag, "
                           "or by its typedef if it has no tag");
  return Status::ok();
}

// What leads from a program's name to the lines that head its port file.
std::vector<std::string> head(const ProposeOptions &options, const Analysis &a,
                              const DraftList &locks) {
  const std::string program = options.program.substr(options.program.rfind('/') + 1);
  std::vector<std::string> lines{"# Drafted by perdure propose: what the program's source "
                                 "suggests. Read each line, strike out",
                                 "# what need not last, and uncomment what must; docs/porting.md "
                                 "says how. Then run the audit.",
                                 "program: " + program, "heap: annotated",
                                 is_event_driven(a, locks) ? "threads: single" : "threads: many"};
  for (const std::string &remark : remarks(a))
    lines.push_back("# " + remark);
  return lines;
}

} // namespace

Status propose_port(const ProposeOptions &options) {
  auto facts = read_program_facts(options.program);
  if (!facts)
    return facts.status();
  if (Status status = check_types(*facts, options.keep); !status)
    return status;
  const CallPaths paths(*facts);
  if (paths.main().empty())
    return Status::error(options.program + " has no main that was compiled in propose mode");
  const LastingData lasting(*facts, paths, options.keep);
  const std::vector<MemorySource> sources = find_memory_sources(*facts, paths, lasting);
  const Analysis a{*facts, paths, lasting, sources};
  const DraftList locks = draft_locks(a);
  print_draft(head(options, a, locks),
              {draft_allocations(a), draft_volatile_scopes(a), draft_persistent_scopes(a),
               draft_types(a), draft_globals(a), draft_pins(a), draft_fields(a), locks,
               draft_transactions(a, locks), draft_commit_points(a, locks), draft_skipped(a),
               draft_restored(a), draft_extern_writes(a)});
  const std::string place = recovery_place(a);
  std::printf("\n# A function of yours that sets right what belonged to the process that ended.\n"
              "# recovery: {function: NAME%s}\n",
              place.empty() ? "" : (", before: " + place).c_str());
  return Status::ok();
}

} // namespace perdure
