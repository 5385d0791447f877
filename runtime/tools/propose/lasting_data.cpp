// SPDX-License-Identifier: Apache-2.0
//
// See lasting_data.h. Evidence for a part is, from strong to weak: it leads to data; it gets memory
// or a seed or the time while the program starts; it changes together with such a part.
#include "lasting_data.h"
#include <algorithm>

namespace perdure::propose {
namespace {

bool is_of_process(const std::string &kind) { return kind == "handle" || kind == "library"; }

bool may_last(const std::string &kind) {
  return kind == "data" || kind == "record" || kind == "container" || kind == "pointer";
}

bool names_seed(const std::string &name) {
  return name.find("seed") != std::string::npos || name.find("salt") != std::string::npos;
}

const Field *find_field(const ProgramFacts &facts, const std::string &type,
                        const std::string &name) {
  auto found = facts.types.find(type);
  if (found == facts.types.end())
    return nullptr;
  for (const Field &field : found->second)
    if (field.name == name)
      return &field;
  return nullptr;
}

bool is_array(const Global &global) { return global.type.ends_with("]"); }

} // namespace

LastingData::LastingData(const ProgramFacts &facts, const CallPaths &paths,
                         const std::vector<std::string> &kept_types)
    : facts_(facts), paths_(paths) {
  find_process_types();
  find_data(kept_types);
  find_clocks();
  find_parts();
  for (Part &part : parts_)
    judge_by_type(part);
  for (int round = 0; round < 3; ++round) // each may make a neighbour's company better
    judge_by_company();
  join_fields();
  collect_company();
  std::stable_sort(parts_.begin(), parts_.end(), [](const Part &a, const Part &b) {
    return a.writers.size() > b.writers.size();
  });
}

// A type nobody defined is a library's.
bool LastingData::holds_process(const std::string &type) const {
  return process_.count(type) || !facts_.types.count(type);
}

void LastingData::find_process_types() {
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto &[type, fields] : facts_.types) {
      const bool holds = std::any_of(fields.begin(), fields.end(), [this](const Field &field) {
        return is_of_process(field.kind) ||
               std::any_of(field.types.begin(), field.types.end(),
                           [this](const std::string &below) { return holds_process(below); });
      });
      changed |= holds && process_.insert(type).second;
    }
  }
}

void LastingData::find_data(const std::vector<std::string> &kept) {
  data_.insert(kept.begin(), kept.end());
  const auto is_table = [](const std::vector<Field> &fields) {
    return std::any_of(fields.begin(), fields.end(),
                       [](const Field &field) { return field.kind == "function"; });
  };
  if (kept.empty()) {
    for (const auto &[type, fields] : facts_.types)
      if (!holds_process(type) && !is_table(fields))
        data_.insert(type);
    leading_ = inside_ = data_;
    return;
  }
  leading_ = inside_ = data_;
  for (size_t before = 0; before != inside_.size() + leading_.size();) {
    before = inside_.size() + leading_.size();
    for (const auto &[type, fields] : facts_.types)
      for (const Field &field : fields)
        for (const std::string &below : field.types) {
          if (inside_.count(type) && !holds_process(below) && !is_table(facts_.types.at(below)))
            inside_.insert(below);
          if (leading_.count(below) && !holds_process(type) && field.kind != "function")
            leading_.insert(type);
        }
  }
  data_.insert(inside_.begin(), inside_.end());
  data_.insert(leading_.begin(), leading_.end());
  // What changes together with them twice or more, though no type says so.
  std::map<std::string, unsigned> company;
  for (const auto &[id, function] : facts_.functions) {
    std::set<std::string> stored;
    for (const Write &store : function.stores)
      stored.insert(store.name);
    if (std::any_of(stored.begin(), stored.end(), [this](auto &type) { return is_data(type); }))
      for (const std::string &type : stored)
        if (!holds_process(type))
          ++company[type];
  }
  for (const auto &[type, times] : company)
    if (times >= 2)
      data_.insert(type);
}

void LastingData::find_clocks() {
  for (const auto &[id, function] : facts_.functions)
    for (const Write &write : function.writes)
      if (write.how == "clock")
        clocks_.insert(write.name + (write.field.empty() ? "" : "." + write.field));
}

void LastingData::find_parts() {
  std::map<std::pair<std::string, std::string>, Part> parts;
  const auto add = [&](const Global &global, const std::string &field, const std::string &writer) {
    Part &part = parts[{global.id, field}];
    part.global = global.id;
    part.field = field;
    part.reference = reference(global.id, global.file) + (field.empty() ? "" : "." + field);
    (paths_.starts_only(writer) ? part.initialisers : part.writers).insert(writer);
  };
  for (const auto &[id, global] : facts_.globals) {
    if (global.may != "root" || !may_last(global.kind))
      continue;
    const bool by_field = global.kind == "record" && !is_array(global) &&
                          global.types.size() == 1 && facts_.types.count(global.types[0]);
    for (const auto &[writer, function] : facts_.functions) {
      for (const Write &write : function.writes) {
        if (write.name != id)
          continue;
        if (!by_field)
          add(global, "", writer);
        else if (!write.field.empty())
          add(global, write.field, writer);
        else // all of it
          for (const Field &field : facts_.types.at(global.types[0]))
            if (!field.name.empty())
              add(global, field.name, writer);
      }
      if (global.kind == "record" && !by_field)
        for (const Write &store : function.stores)
          if (!global.types.empty() && store.name == global.types[0])
            add(global, "", writer);
    }
  }
  for (auto &[key, part] : parts)
    parts_.push_back(std::move(part));
}

void LastingData::judge_by_type(Part &part) const {
  const Global &global = facts_.globals.at(part.global);
  std::string kind = global.kind;
  std::vector<std::string> types = global.types;
  if (!part.field.empty()) {
    const Field *field = find_field(facts_, global.types[0], part.field);
    kind = field ? field->kind : "data";
    types = field ? field->types : std::vector<std::string>();
    if (!may_last(kind)) {
      part.reason = "a " + kind;
      return;
    }
  }
  for (const std::string &type : types) {
    if (holds_process(type)) {
      part.reason = type + " holds what ends with the process";
      return;
    }
    if (leads_to_data(type)) {
      part.is_proposed = true;
      part.reason = kind != "pointer" ? "made of " + type : "leads to " + type;
      return;
    }
  }
  const std::string name = part.field.empty() ? part.global : part.field;
  if (types.empty() && part.writers.empty() && names_seed(name)) {
    part.is_proposed = true;
    part.reason = "a seed, by its name: other hashes would find nothing";
  } else if (part.writers.empty() && part.field.empty() && is_clock(part.global)) {
    part.is_proposed = true;
    part.reason = "set from the clock at start-up: the base of stored times?";
  }
}

bool LastingData::changes_data(const std::string &id) const {
  auto found = facts_.functions.find(id);
  if (found == facts_.functions.end())
    return false;
  if (parts_of_.count(id))
    return true;
  return std::any_of(found->second.stores.begin(), found->second.stores.end(),
                     [this](const Write &store) { return is_data(store.name); });
}

void LastingData::collect_company() {
  parts_of_.clear();
  for (const Part &part : parts_)
    if (part.is_proposed) {
      files_.insert(facts_.globals.at(part.global).file);
      for (const auto *functions : {&part.writers, &part.initialisers})
        for (const std::string &function : *functions)
          parts_of_[function].insert(part.reference);
    }
}

// Such as the last number given away.
bool LastingData::is_counter(const Part &part) const {
  for (const std::string &writer : part.writers)
    for (const Write &write : facts_.functions.at(writer).writes)
      if (write.name == part.global && write.how == "count")
        return true;
  return false;
}

void LastingData::judge_by_company() {
  collect_company();
  for (Part &part : parts_) {
    if (part.is_proposed || !part.reason.empty())
      continue;
    const Global &global = facts_.globals.at(part.global);
    const bool is_mixed = !part.field.empty() && holds_process(global.types[0]);
    std::string reason;
    for (const std::string &writer : part.writers)
      if (writer != paths_.main() && changes_data(writer))
        reason = "changes together with data in " + writer;
    if (reason.empty() && part.field.empty() && global.id.starts_with(global.file + ":") &&
        !global.type.starts_with("const ")) {
      for (const std::string &writer : part.initialisers)
        if (writer != paths_.main() && parts_of_.count(writer))
          reason = "set together with data in " + writer;
      if (is_counter(part) && files_.count(global.file))
        reason = "counts, in a file that has lasting globals";
    }
    if (!reason.empty() && !is_mixed) {
      part.is_proposed = true;
      part.reason = reason;
    }
  }
}

// All fields of a global are the global.
void LastingData::join_fields() {
  std::map<std::string, std::vector<size_t>> proposed;
  for (size_t i = 0; i < parts_.size(); ++i)
    if (parts_[i].is_proposed && !parts_[i].field.empty())
      proposed[parts_[i].global].push_back(i);
  std::set<size_t> joined;
  for (const auto &[id, indices] : proposed) {
    const Global &global = facts_.globals.at(id);
    const auto &fields = facts_.types.at(global.types[0]);
    if (indices.size() != fields.size())
      continue;
    Part &whole = parts_[indices[0]];
    for (size_t i : indices) {
      whole.writers.insert(parts_[i].writers.begin(), parts_[i].writers.end());
      if (i != indices[0])
        joined.insert(i);
    }
    whole.field.clear();
    whole.reference = reference(id, global.file);
  }
  std::vector<Part> rest;
  for (size_t i = 0; i < parts_.size(); ++i)
    if (!joined.count(i))
      rest.push_back(std::move(parts_[i]));
  parts_ = std::move(rest);
}

std::set<std::string> LastingData::parts_written(const std::string &function) const {
  auto found = parts_of_.find(function);
  return found == parts_of_.end() ? std::set<std::string>() : found->second;
}

bool LastingData::is_proposed(const std::string &global, const std::string &field) const {
  return std::any_of(parts_.begin(), parts_.end(), [&](const Part &part) {
    return part.is_proposed && part.global == global && (part.field.empty() || part.field == field);
  });
}

bool LastingData::writes_others(const std::string &id) const {
  const Function &function = facts_.functions.at(id);
  return std::any_of(function.writes.begin(), function.writes.end(), [this](const Write &write) {
    return facts_.globals.count(write.name) && !is_proposed(write.name, write.field);
  });
}

} // namespace perdure::propose
