// SPDX-License-Identifier: Apache-2.0
//
// Keys that bound units: locks, transactions, commit points. See sections.h.
//
// Which lock is held where is not followed along paths. A function that passes a lock to something
// like pthread_mutex_lock and never to an unlock hands it to its callers; what those and their
// direct callees store counts as stored under the lock.
#include "known_calls.h"
#include "sections.h"
#include <algorithm>

namespace perdure::propose {
namespace {

constexpr size_t kLeastShareUnderLocks = 8; // an eighth of the functions that change data
constexpr size_t kFewSettings = 4;

struct LockFacts {
  std::set<std::string> takers; // functions that hold it for themselves
  unsigned changes = 0;         // functions under it that change lasting data
  std::string waiter;           // holds it while it waits
};

bool calls(const Function &function, bool (*is)(const std::string &)) {
  return std::any_of(function.calls.begin(), function.calls.end(),
                     [is](const Call &call) { return is(call.callee); });
}

std::set<std::string> takers_of(const Analysis &a, const std::string &lock) {
  std::set<std::string> takers, wrappers;
  for (const auto &[id, function] : a.facts.functions) {
    // One that waits with it, or runs in a thread of its own, has nobody to hand it to.
    bool takes = false, gives = a.paths.thread_mains().count(id) != 0;
    for (const LockUse &use : function.locks)
      if (use.lock == lock) {
        takes |= takes_lock(use.callee);
        gives |= gives_lock_back(use.callee) || waits_with_lock(use.callee) ||
                 use.callee.starts_with("lock_guard") || use.callee.starts_with("scoped_lock") ||
                 use.callee.starts_with("unique_lock");
      }
    if (takes)
      (gives ? takers : wrappers).insert(id);
  }
  for (const std::string &wrapper : wrappers)
    for (const std::string &caller : a.paths.callers(wrapper))
      takers.insert(caller);
  return takers;
}

LockFacts facts_of(const Analysis &a, const std::string &lock) {
  LockFacts result;
  result.takers = takers_of(a, lock);
  std::set<std::string> changing;
  for (const std::string &taker : result.takers) {
    const Function &function = a.facts.functions.at(taker);
    if (a.lasting.changes_data(taker))
      changing.insert(taker);
    for (const Call &call : function.calls)
      if (a.lasting.changes_data(call.callee))
        changing.insert(call.callee);
    for (const LockUse &use : function.locks)
      if (use.lock == lock && waits_with_lock(use.callee))
        result.waiter = taker;
    // Taken before the thread's loop: given back around its sleep at most.
    if (a.paths.thread_mains().count(taker) && calls(function, sleeps) &&
        std::any_of(function.locks.begin(), function.locks.end(), [&](const LockUse &use) {
          return use.lock == lock && use.loop == 0 && takes_lock(use.callee);
        }))
      result.waiter = taker;
  }
  result.changes = static_cast<unsigned>(changing.size());
  return result;
}

// The proposed locks' takers.
std::set<std::string> takers_of_all(const Analysis &a, const DraftList &locks) {
  std::set<std::string> takers;
  for (const auto &[id, global] : a.facts.globals)
    for (const DraftEntry &entry : locks.entries)
      if (!entry.is_doubtful && entry.text == reference(id, global.file))
        takers.merge(takers_of(a, id));
  return takers;
}

} // namespace

DraftList draft_locks(const Analysis &a) {
  DraftList list{
      "locks", {"A section under these is a unit: durable as a whole, or not at all."}, {}};
  std::vector<std::pair<unsigned, DraftEntry>> found;
  for (const auto &[id, global] : a.facts.globals) {
    if (global.kind != "lock")
      continue;
    const LockFacts facts = facts_of(a, id);
    if (facts.takers.empty())
      continue;
    DraftEntry entry{reference(id, global.file), "", true};
    if (!facts.waiter.empty())
      entry.reason = "held while " + facts.waiter + " waits: a unit would not end";
    else if (facts.changes == 0)
      entry.reason = "no change of lasting data is seen under it";
    else {
      entry.is_doubtful = false;
      entry.reason = "taken in " + std::to_string(facts.takers.size()) + " functions, under it " +
                     std::to_string(facts.changes) + " change lasting data";
    }
    found.push_back({facts.changes, entry});
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto &x, const auto &y) { return x.first > y.first; });
  for (auto &[changes, entry] : found)
    list.entries.push_back(std::move(entry));
  return list;
}

bool is_event_driven(const Analysis &a, const DraftList &locks) {
  const std::set<std::string> takers = takers_of_all(a, locks);
  std::set<std::string> under = takers;
  for (const std::string &taker : takers)
    for (const Call &call : a.facts.functions.at(taker).calls)
      under.insert(call.callee);
  size_t changing = 0, covered = 0;
  for (const auto &[id, function] : a.facts.functions)
    if (!a.paths.starts_only(id) && a.lasting.changes_data(id)) {
      ++changing;
      covered += under.count(id);
    }
  return covered * kLeastShareUnderLocks < changing && a.paths.event_loop();
}

// Several lasting globals written, and no proposed lock around it: not all that call the function
// take one, and one that it takes itself need not be around all. A thread's main function takes
// many one after another.
DraftList draft_transactions(const Analysis &a, const DraftList &locks) {
  DraftList list{
      "transactions", {"Several changes that belong together, under no lock above."}, {}};
  if (is_event_driven(a, locks)) // then units end at commit points
    return list;
  const std::set<std::string> takers = takers_of_all(a, locks);
  for (const auto &[id, function] : a.facts.functions) {
    const std::set<std::string> parts = a.lasting.parts_written(id);
    const std::set<std::string> &callers = a.paths.callers(id);
    const bool is_covered =
        !callers.empty() &&
        std::all_of(callers.begin(), callers.end(), [&](const std::string &caller) {
          return takers.count(caller) && !a.paths.thread_mains().count(caller);
        });
    if (parts.size() >= 2 && !a.paths.starts_only(id) && !is_covered && id != a.paths.main())
      list.entries.push_back(
          {function_reference(a.facts, id),
           "writes " + std::to_string(parts.size()) + " of the globals above" +
               (takers.count(id) ? ", and takes a lock: around all of them?" : ""),
           takers.count(id) != 0});
  }
  // Settings that change while the program runs are doubtful globals, and so is their unit.
  std::map<std::string, std::set<std::string>> doubtful;
  for (const Part &part : a.lasting.parts())
    if (!part.is_proposed && !part.field.empty() && part.reason.empty())
      for (const std::string &writer : part.writers)
        doubtful[writer].insert(part.reference);
  for (const auto &[id, parts] : doubtful)
    if (parts.size() >= 2 && parts.size() <= kFewSettings && id != a.paths.main())
      list.entries.push_back({function_reference(a.facts, id),
                              "writes " + *parts.begin() + " and " +
                                  std::to_string(parts.size() - 1) + " more: do they last?",
                              true});
  return list;
}

namespace {

// Of an event loop: where it waits, and what it calls that leads to output, before which it is
// better to commit.
void add_turns_ends(const Analysis &a, DraftList &list) {
  const std::string &loop = a.paths.event_loop()->callee;
  for (const std::string &id : a.paths.reachable_from({loop}))
    if (auto function = a.facts.functions.find(id);
        function != a.facts.functions.end() && calls(function->second, waits_for_events))
      list.entries.push_back({function_reference(a.facts, id), "waits for events"});
  if (waits_for_events(loop))
    list.entries.push_back({loop, "waits for events"});
  std::set<std::string> callees;
  for (const auto &[id, function] : a.facts.functions)
    for (const std::string &callback : function.takes)
      if (a.paths.starts_only(id) && function.takes.size() <= kFewCallbacks &&
          a.facts.functions.count(callback))
        for (const Call &call : a.facts.functions.at(callback).calls)
          if (a.facts.functions.count(call.callee) && a.paths.callers(call.callee).size() == 1 &&
              a.paths.leads_to(call.callee, sends))
            callees.insert(call.callee);
  for (const std::string &id : callees)
    list.entries.push_back({function_reference(a.facts, id),
                            "leads to output: is the data consistent when it is called?", true});
}

} // namespace

DraftList draft_commit_points(const Analysis &a, const DraftList &locks) {
  DraftList list{"commit_points", {"While these run the data is consistent."}, {}};
  if (is_event_driven(a, locks)) {
    add_turns_ends(a, list);
    return list;
  }
  const std::set<std::string> takers = takers_of_all(a, locks);
  std::set<std::string> under;
  for (const std::string &taker : takers)
    for (const Call &call : a.facts.functions.at(taker).calls)
      under.insert(call.callee);
  for (const std::string &id : a.paths.reachable_from(under)) {
    auto function = a.facts.functions.find(id);
    if (function != a.facts.functions.end() && !a.paths.thread_mains().count(id) &&
        !a.paths.starts_only(id) &&
        (calls(function->second, waits_for_events) || calls(function->second, sleeps)))
      list.entries.push_back({function_reference(a.facts, id),
                              "waits, perhaps with a lock above: is the data consistent there?",
                              takers.count(id) != 0});
  }
  return list;
}

} // namespace perdure::propose
