// SPDX-License-Identifier: Apache-2.0
//
// See program_facts.h.
#include "program_facts.h"
#include "elf_strings.h"
#include <cstdlib>
#include <unistd.h>

namespace perdure::propose {
namespace {

unsigned number(const std::string &text) {
  return static_cast<unsigned>(std::strtoul(text.c_str(), nullptr, 10));
}

class Reader {
public:
  explicit Reader(ProgramFacts &facts) : facts_(facts) {}

  void add(std::vector<std::string> record) {
    record.resize(9); // a last field may be empty, and is then not split off
    const std::string kind = record[0];
    if (kind == "function")
      add_function(record);
    else if (kind == "global")
      facts_.globals[record[1]] = {record[1], record[2], record[4],
                                   record[5], record[7], split_text(record[6], ',')};
    else if (kind == "type")
      facts_.types[record[1]];
    else if (kind == "field")
      add_field(record);
    else if (kind == "takes" && !is_function(record[1]))
      facts_.taken_by_variables[record[1]].insert(record[2]);
    else
      add_action(kind, record);
  }

  void note_function(const std::string &id) { facts_.functions[id].id = id; }

private:
  bool is_function(const std::string &id) const { return facts_.functions.count(id) != 0; }

  void add_function(const std::vector<std::string> &record) {
    Function &function = facts_.functions[record[1]];
    function.id = record[1];
    function.file = record[2];
    function.returns = record[4];
  }

  // Units may define the same name differently; the first definition counts.
  void add_field(const std::vector<std::string> &record) {
    std::vector<Field> &fields = facts_.types[record[1]];
    for (const Field &field : fields)
      if (field.name == record[2])
        return;
    fields.push_back({record[2], record[3], split_text(record[4], ','), record[5] == "named"});
  }

  void add_action(const std::string &kind, const std::vector<std::string> &record) {
    Function &function = facts_.functions[record[1]];
    if (kind == "calls")
      function.calls.push_back({record[2], number(record[3]), number(record[4])});
    else if (kind == "takes")
      function.takes.insert(record[2]);
    else if (kind == "thread")
      function.threads.insert(record[2]);
    else if (kind == "dispatches")
      function.dispatches.insert(record[2]);
    else if (kind == "library")
      function.library_calls[record[2]] = record[3] == "own";
    else if (kind == "writes")
      function.writes.push_back({record[2], record[3], record[4]});
    else if (kind == "stores")
      function.stores.push_back({record[2], record[3], record[4]});
    else if (kind == "makes")
      function.makes.push_back({record[2], record[3], record[4]});
    else if (kind == "lock")
      function.locks.push_back({record[2], record[4], number(record[5])});
  }

  ProgramFacts &facts_;
};

} // namespace

Result<ProgramFacts> read_program_facts(const std::string &path) {
  if (access(path.c_str(), R_OK) != 0)
    return Status::error("cannot read " + path);
  std::vector<std::vector<std::string>> records;
  for (const std::string &text : section_strings(path, "perdure_facts"))
    if (!text.empty())
      records.push_back(split_text(text, '\t'));
  if (records.empty())
    return Status::error(path + " holds no facts; build it with PERDURE_PROPOSE=1 make "
                                "CC=perdure-clang");
  ProgramFacts facts;
  Reader reader(facts);
  for (const auto &record : records)
    if (record[0] == "function" && record.size() > 1)
      reader.note_function(record[1]);
  for (const auto &record : records)
    reader.add(record);
  return facts;
}

std::string reference(const std::string &id, const std::string &file) {
  return file.empty() || id.starts_with(file + ":") ? id : file + ":" + id;
}

std::string function_reference(const ProgramFacts &facts, const std::string &function) {
  auto found = facts.functions.find(function);
  return found == facts.functions.end() ? function : reference(function, found->second.file);
}

} // namespace perdure::propose
