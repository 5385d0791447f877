// SPDX-License-Identifier: Apache-2.0
//
// Keys about start-up and recovery, and remarks. See sections.h.
#include "known_calls.h"
#include "sections.h"
#include <algorithm>

namespace perdure::propose {
namespace {

bool allocates_data(const Analysis &a, const std::string &id) {
  return std::any_of(a.sources.begin(), a.sources.end(), [&](const MemorySource &source) {
    return source.is_proposed && !source.serves_both && source.function == id;
  });
}

// Start-up functions that set lasting data, main aside: all of it is theirs, or other things too.
std::vector<const Function *> setters(const Analysis &a, bool of_others_too) {
  std::vector<const Function *> found;
  for (const auto &[id, function] : a.facts.functions) {
    if (id == a.paths.main() || !a.paths.starts_only(id) ||
        !(a.lasting.changes_data(id) || allocates_data(a, id)))
      continue;
    if (a.lasting.writes_others(id) == of_others_too)
      found.push_back(&function);
  }
  return found;
}

bool names_loading(const std::string &name) {
  return name.find("load") != std::string::npos || name.find("restore") != std::string::npos;
}

std::string joined(const std::set<std::string> &names) {
  std::string text;
  for (const std::string &name : names)
    text += (text.empty() ? "" : ", ") + name;
  return text;
}

} // namespace

DraftList draft_skipped(const Analysis &a) {
  DraftList list{"startup/skip_if_recovered", {"Would make lasting data anew, or empty."}, {}};
  for (const Function *function : setters(a, false)) {
    const bool is_simple = function->returns == "void" || function->returns == "int";
    std::string reason = "runs at start-up alone, sets lasting data";
    if (function->returns == "int")
      reason += "; returns 0 when skipped: is that right?";
    else if (!is_simple)
      reason += "; returns a pointer, which is null when skipped";
    list.entries.push_back({reference(function->id, function->file), reason, !is_simple});
  }
  const auto changes = [&a](const std::string &id) { return a.lasting.changes_data(id); };
  for (const std::string &id : a.paths.start_up_calls()) {
    auto function = a.facts.functions.find(id);
    if (function != a.facts.functions.end() && a.paths.starts_only(id) && names_loading(id) &&
        a.paths.leads_to(id, reads_files) && a.paths.leads_to(id, changes))
      list.entries.push_back({reference(id, function->second.file),
                              "loads data from files, by its name and what it calls",
                              function->second.returns != "void"});
  }
  return list;
}

DraftList draft_restored(const Analysis &a) {
  DraftList list{"startup/run_then_restore", {"Set lasting globals among many others."}, {}};
  for (const Function *function : setters(a, true)) {
    const std::set<std::string> parts = a.lasting.parts_written(function->id);
    list.entries.push_back({reference(function->id, function->file),
                            parts.empty() ? "sets lasting objects among others"
                                          : "sets " + *parts.begin() + " among others",
                            parts.empty()});
  }
  return list;
}

// Functions of libraries that perdure has no model of. Three or more with one prefix are one entry.
DraftList draft_extern_writes(const Analysis &a) {
  DraftList list{"extern_writes", {"What libraries write to memory that may lie in the pool."}, {}};
  std::map<std::string, bool> calls;
  for (const auto &[id, function] : a.facts.functions)
    calls.insert(function.library_calls.begin(), function.library_calls.end());
  std::map<std::string, std::vector<std::string>> families;
  for (const auto &[name, is_own] : calls)
    if (is_own)
      families[name.substr(0, name.find('_'))].push_back(name);
    else
      list.entries.push_back(
          {name + ": none", "what does it write through its arguments?", true, true});
  for (const auto &[prefix, names] : families)
    if (names.size() >= 3 && names[0].size() > prefix.size())
      list.entries.push_back({"\"" + prefix + "_*\": none",
                              std::to_string(names.size()) +
                                  " functions that get objects of their "
                                  "library: none of those may lie in the pool",
                              false, true});
    else
      for (const std::string &name : names)
        list.entries.push_back({name + ": none",
                                "gets objects of its library: none of those may lie in the pool",
                                false, true});
  return list;
}

// After all that set lasting data, and before threads are started.
std::string recovery_place(const Analysis &a) {
  std::set<std::string> setting;
  for (const bool others : {false, true})
    for (const Function *function : setters(a, others))
      setting.insert(function->id);
  const auto sets = [&](const std::string &id) { return setting.count(id) != 0; };
  const auto starts_threads = [](const std::string &id) {
    return id.ends_with("thread_create") || id.ends_with("thrd_create");
  };
  const std::vector<std::string> &calls = a.paths.start_up_calls();
  size_t first = 0;
  for (size_t i = 0; i < calls.size(); ++i)
    if (a.paths.leads_to(calls[i], sets))
      first = i + 1;
  std::string place;
  for (size_t i = first; i < calls.size(); ++i)
    if (auto found = a.facts.functions.find(calls[i]); found != a.facts.functions.end()) {
      place = place.empty() ? reference(calls[i], found->second.file) : place;
      if (a.paths.leads_to(calls[i], starts_threads))
        return reference(calls[i], found->second.file);
    }
  return place;
}

std::vector<std::string> remarks(const Analysis &a) {
  const auto changes = [&a](const std::string &id) { return a.lasting.changes_data(id); };
  std::set<std::string> changing, forking, printing, sending;
  for (const std::string &thread : a.paths.thread_mains())
    if (a.paths.leads_to(thread, changes))
      changing.insert(thread);
  for (const auto &[id, function] : a.facts.functions)
    for (const Call &call : function.calls) {
      if (forks(call.callee))
        forking.insert(id);
      if (sends(call.callee))
        sending.insert(id);
      if (prints(call.callee) && !a.paths.starts_only(id))
        printing.insert(id);
    }
  std::vector<std::string> lines;
  if (!changing.empty())
    lines.push_back(
        "Threads that may change lasting data beside the first, which 'threads: single' "
        "rules out: " +
        joined(changing) + ".");
  if (!forking.empty())
    lines.push_back("Forks in " + joined(forking) + ": a child's changes are not recorded.");
  lines.push_back(sending.empty() ? "No output on sockets is seen."
                                  : "Output that waits by itself: in " + joined(sending) + ".");
  if (!printing.empty())
    lines.push_back("Output that does not wait, unless named under gated_outputs: in " +
                    std::to_string(printing.size()) + " functions, e.g. " + *printing.begin() +
                    ".");
  return lines;
}

} // namespace perdure::propose
