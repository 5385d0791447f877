// SPDX-License-Identifier: Apache-2.0
//
// See memory_sources.h.
#include "memory_sources.h"
#include "known_calls.h"
#include <algorithm>

namespace perdure::propose {
namespace {

// FUNCTION and those that hand its memory on: they return void * and make theirs with it.
std::set<std::string> givers(const ProgramFacts &facts, const CallPaths &paths,
                             const std::string &function) {
  std::set<std::string> found{function};
  std::vector<std::string> open{function};
  while (!open.empty()) {
    const std::string giver = open.back();
    open.pop_back();
    if (facts.functions.at(giver).returns != "memory")
      continue;
    for (const std::string &caller : paths.callers(giver))
      for (const Made &made : facts.functions.at(caller).makes)
        if (made.allocator == giver && facts.functions.at(caller).returns == "memory" &&
            found.insert(caller).second)
          open.push_back(caller);
  }
  return found;
}

// "leads to the global or field TARGET", or nothing if that is no lasting place.
std::string lasting_target(const LastingData &lasting, const std::string &target) {
  const size_t equals = target.find('='), dot = target.rfind('.');
  if (equals == std::string::npos)
    return "";
  const std::string place = target.substr(equals + 1);
  const bool is_global = target.starts_with("global");
  if (is_global && lasting.is_proposed(place, ""))
    return place;
  if (dot == std::string::npos || dot < equals)
    return "";
  const std::string owner = target.substr(equals + 1, dot - equals - 1);
  const bool lasts =
      is_global ? lasting.is_proposed(owner, target.substr(dot + 1)) : lasting.is_data(owner);
  return lasts ? place : "";
}

std::string names(const std::set<std::string> &types, size_t most = 3) {
  std::string text;
  size_t count = 0;
  for (const std::string &type : types) {
    if (count++ == most)
      return text + " and " + std::to_string(types.size() - most) + " more";
    text += (text.empty() ? "" : ", ") + type;
  }
  return text;
}

class Judge {
public:
  Judge(const ProgramFacts &facts, const CallPaths &paths, const LastingData &lasting)
      : facts_(facts), paths_(paths), lasting_(lasting) {}

  MemorySource judge(const Function &function) const {
    MemorySource source;
    source.function = function.id;
    std::string target;
    source.givers = givers(facts_, paths_, function.id);
    for (const auto &[id, user] : facts_.functions)
      for (const Made &made : user.makes) {
        const bool is_own = id == function.id && allocates(made.allocator);
        if (!is_own &&
            !(source.givers.count(made.allocator) && facts_.functions.count(made.allocator)))
          continue;
        if (!made.type.empty())
          (lasting_.is_data(made.type) ? source.data : source.process).insert(made.type);
        if (std::string place = lasting_target(lasting_, made.target); !place.empty())
          target = place;
      }
    source.serves_both =
        function.returns == "memory" && !source.data.empty() && source.process.size() >= 2;
    conclude(source, function, target);
    return source;
  }

private:
  void conclude(MemorySource &source, const Function &function, const std::string &target) const {
    source.is_proposed = true;
    if (source.serves_both)
      source.reason = "makes " + names(source.data) + ", and also " + names(source.process);
    else if (!target.empty())
      source.reason = "its memory goes to " + target;
    else if (!source.data.empty())
      source.reason = "makes " + names(source.data);
    else if (source.process.empty() && function.returns == "memory" &&
             lasting_.is_kept_file(function.file))
      source.reason = "untyped memory, in a file that has lasting globals";
    else if (source.process.empty() && lasting_.changes_data(function.id))
      source.reason = "changes lasting data";
    else {
      source.is_proposed = false;
      source.reason =
          source.process.empty() ? "what for is not seen" : "makes " + names(source.process);
    }
  }

  const ProgramFacts &facts_;
  const CallPaths &paths_;
  const LastingData &lasting_;
};

} // namespace

std::vector<MemorySource> find_memory_sources(const ProgramFacts &facts, const CallPaths &paths,
                                              const LastingData &lasting) {
  std::vector<MemorySource> sources;
  const Judge judge(facts, paths, lasting);
  for (const auto &[id, function] : facts.functions)
    if (id != paths.main() && std::any_of(function.calls.begin(), function.calls.end(),
                                          [](const Call &call) { return allocates(call.callee); }))
      sources.push_back(judge.judge(function));
    else if (std::any_of(function.makes.begin(), function.makes.end(),
                         [](const Made &made) { return made.allocator == "operator new"; }))
      sources.push_back(judge.judge(function));
  return sources;
}

std::map<std::string, std::string>
makers_of_process_types(const ProgramFacts &facts, const LastingData &lasting,
                        const std::vector<MemorySource> &sources) {
  std::map<std::string, std::string> makers;
  std::set<std::string> givers;
  for (const MemorySource &source : sources)
    if (source.serves_both)
      givers.insert(source.givers.begin(), source.givers.end());
  for (const auto &[id, function] : facts.functions)
    for (const Made &made : function.makes)
      if (givers.count(made.allocator) && !made.type.empty() && facts.types.count(made.type) &&
          lasting.holds_process(made.type))
        makers[id] = made.type;
  return makers;
}

} // namespace perdure::propose
