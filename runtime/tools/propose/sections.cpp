// SPDX-License-Identifier: Apache-2.0
//
// Keys about data and allocation. See sections.h; unit_sections.cpp and start_sections.cpp have the
// others.
#include "sections.h"
#include <algorithm>

namespace perdure::propose {
namespace {

// Why, and where it is written unless that was said.
std::string reason_text(const Part &part, const std::string &main) {
  const std::string why = part.reason.empty() ? "why is not seen" : part.reason;
  if (part.initialisers.count(main))
    return why + "; set in main, which nothing skips";
  if (part.writers.empty())
    return why.find("start-up") != std::string::npos || why.starts_with("set ")
               ? why
               : why + "; set at start-up";
  const std::string first = *part.writers.begin();
  if (part.writers.size() == 1)
    return why.ends_with(first) ? why : why + "; written in " + first;
  return why + "; written in " + std::to_string(part.writers.size()) + " functions, e.g. " + first;
}

// Whether lasting objects point to such tables of functions.
bool is_held_by_data(const Analysis &a, const std::string &table) {
  for (const auto &[type, fields] : a.facts.types)
    for (const Field &field : fields)
      if (a.lasting.is_inside_data(type) &&
          std::find(field.types.begin(), field.types.end(), table) != field.types.end())
        return true;
  return false;
}

bool is_counter_name(const std::string &name) {
  return name.find("ref") != std::string::npos || name.find("pause") != std::string::npos ||
         name.find("iterators") != std::string::npos;
}

// How the fields of a type are stored to.
std::map<std::string, std::set<std::string>> stores_to(const ProgramFacts &facts,
                                                       const std::string &type) {
  std::map<std::string, std::set<std::string>> hows;
  for (const auto &[id, function] : facts.functions)
    for (const Write &store : function.stores)
      if (store.name == type)
        hows[store.field].insert(store.how);
  return hows;
}

bool is_from_clock(const LastingData &lasting, const std::set<std::string> &hows) {
  return std::any_of(hows.begin(), hows.end(), [&](const std::string &how) {
    return how == "clock" || (how.starts_with("from=") && (lasting.is_clock(how.substr(5)) ||
                                                           how.find("time") != std::string::npos));
  });
}

// What a field of a lasting type may be other than recorded for its own sake.
void add_field(const Analysis &a, const std::string &type, const Field &field,
               const std::set<std::string> &hows, std::vector<DraftEntry> &entries) {
  const std::string name = type + "." + field.name;
  if (field.kind == "lock")
    entries.push_back(
        {name + ": lock", "comes back held otherwise; recovery initialises it", false, true});
  else if (field.kind == "handle" || field.kind == "library")
    entries.push_back({name + ": transient", "means nothing in the next run", false, true});
  else if (hows.count("count") && is_counter_name(field.name))
    entries.push_back(
        {name + ": relaxed", "counted up and down: held by requests that end", false, true});
  else if (is_from_clock(a.lasting, hows))
    entries.push_back(
        {name + ": relaxed", "a time: of the last access? Not if it is one of expiry", true, true});
}

} // namespace

DraftList draft_globals(const Analysis &a) {
  DraftList list{
      "persistent_globals", {"What leads to the data, and what counts or places it."}, {}};
  for (const Part &part : a.lasting.parts())
    if (part.is_proposed || !part.writers.empty())
      list.entries.push_back(
          {part.reference, reason_text(part, a.paths.main()), !part.is_proposed});
  return list;
}

// Units that do not see the variable must know that its containers' memory is the pool's.
DraftList draft_types(const Analysis &a) {
  DraftList list{
      "persistent_types", {"Classes whose containers live in the pool, in every unit."}, {}};
  std::set<std::string> seen;
  for (const auto &[id, global] : a.facts.globals) {
    if (global.kind != "record" || global.types.empty() || !a.lasting.is_proposed(id, ""))
      continue;
    auto found = a.facts.types.find(global.types[0]);
    const bool has_containers =
        found != a.facts.types.end() &&
        std::any_of(found->second.begin(), found->second.end(),
                    [](const Field &field) { return field.kind == "container"; });
    if (has_containers && seen.insert(found->first).second)
      list.entries.push_back({found->first, "of " + reference(id, global.file)});
  }
  return list;
}

// A table of functions that lasting objects may point to.
DraftList draft_pins(const Analysis &a) {
  DraftList list{"pinned", {"Tables of functions that lasting objects point to."}, {}};
  std::map<std::string, std::string> holders;
  for (const auto &[type, fields] : a.facts.types)
    for (const Field &field : fields)
      if (field.kind == "pointer" && a.lasting.is_inside_data(type))
        for (const std::string &below : field.types)
          holders.emplace(below, type + "." + field.name);
  for (const auto &[id, global] : a.facts.globals) {
    if (global.kind != "record" || global.types.empty() || !holders.count(global.types[0]))
      continue;
    const auto &fields = a.facts.types.find(global.types[0]);
    const bool is_table = fields != a.facts.types.end() &&
                          std::any_of(fields->second.begin(), fields->second.end(),
                                      [](const Field &field) { return field.kind == "function"; });
    if (is_table && !a.lasting.is_proposed(id, ""))
      list.entries.push_back(
          {reference(id, global.file), holders[global.types[0]] + " points to such ones"});
  }
  return list;
}

DraftList draft_fields(const Analysis &a) {
  DraftList list{
      "fields", {"Parts of lasting objects that need not be durable for their own sake."}, {}};
  for (const auto &[type, fields] : a.facts.types) {
    if (!a.lasting.is_data(type))
      continue;
    std::map<std::string, std::set<std::string>> hows = stores_to(a.facts, type);
    for (const Field &field : fields)
      if (field.is_named)
        add_field(a, type, field, hows[field.name], list.entries);
  }
  return list;
}

DraftList draft_allocations(const Analysis &a) {
  DraftList list{"allocations/functions",
                 {"Functions whose own calls of malloc and its kin make pool memory."},
                 {}};
  for (const MemorySource &source : a.sources)
    list.entries.push_back(
        {function_reference(a.facts, source.function), source.reason, !source.is_proposed});
  return list;
}

DraftList draft_volatile_scopes(const Analysis &a) {
  DraftList list{
      "allocations/volatile_scopes",
      {"One allocator serves what lasts and what passes: what runs decides, the innermost",
       "function named here or below."},
      {}};
  const auto makers = makers_of_process_types(a.facts, a.lasting, a.sources);
  if (std::none_of(a.sources.begin(), a.sources.end(),
                   [](const MemorySource &source) { return source.serves_both; }))
    return list;
  list.entries.push_back(
      {function_reference(a.facts, a.paths.main()), "outside of the scopes below nothing lasts"});
  for (const std::string &thread : a.paths.thread_mains())
    if (a.facts.functions.count(thread))
      list.entries.push_back({function_reference(a.facts, thread), "a thread of its own"});
  for (const auto &[function, type] : makers)
    if (function != a.paths.main())
      list.entries.push_back({function_reference(a.facts, function), "makes " + type});
  return list;
}

// Callbacks lead to the work on the data; which of them keep what they allocate is not seen.
DraftList draft_persistent_scopes(const Analysis &a) {
  DraftList list{"allocations/persistent_scopes", {}, {}};
  if (std::none_of(a.sources.begin(), a.sources.end(),
                   [](const MemorySource &source) { return source.serves_both; }))
    return list;
  const auto changes = [&a](const std::string &id) { return a.lasting.changes_data(id); };
  std::map<std::string, std::string> candidates;
  for (const auto &[id, function] : a.facts.functions) {
    for (const std::string &table : function.dispatches)
      if (!is_held_by_data(a, table))
        candidates[id] = "calls through " + table;
    if (function.takes.size() <= kFewCallbacks) // more is a table of everything
      for (const std::string &callback : function.takes)
        if (a.facts.functions.count(callback) && a.paths.leads_to(callback, changes))
          candidates[callback] = "a callback that leads to changes of lasting data";
  }
  for (const auto &[id, why] : candidates)
    if (!a.paths.starts_only(id) && !a.paths.thread_mains().count(id))
      list.entries.push_back(
          {function_reference(a.facts, id), why + "; does what it allocates last?", true});
  return list;
}

} // namespace perdure::propose
