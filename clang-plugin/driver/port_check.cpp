// SPDX-License-Identifier: Apache-2.0
//
// Reads the port records of a linked file and adds them up. See port_check.h.
#include "port_check.h"
#include "elf_strings.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <vector>

namespace perdure {
namespace {

struct Entry {
  std::string text;
  bool matched = false;
  unsigned nearest_distance = ~0u;
  std::string nearest;
};

struct Port {
  std::string path;
  std::vector<std::string> programs;
  std::map<std::pair<unsigned, unsigned>, Entry> entries; // by line and column
};

// Where an element type's containers get their memory, and a unit that says so.
struct Element {
  std::string pool_unit, volatile_unit;
};

struct Records {
  std::map<std::string, Port> ports; // by identity
  std::map<std::string, Element> elements;
};

void add_record(Records &records, const std::vector<std::string> &fields) {
  if (fields[0] == "element" && fields.size() == 4) {
    Element &element = records.elements[fields[2]];
    (fields[1] == "pool" ? element.pool_unit : element.volatile_unit) = fields[3];
    return;
  }
  if (fields.size() < 3)
    return;
  Port &port = records.ports[fields[1]];
  if (fields[0] == "port") {
    port.path = fields[2];
    port.programs = split_text(fields.size() > 3 ? fields[3] : "", ',');
    return;
  }
  unsigned line = 0, column = 0;
  std::sscanf(fields[2].c_str(), "%u:%u", &line, &column);
  Entry &entry = port.entries[{line, column}];
  if (fields[0] == "entry" && fields.size() > 3)
    entry.text = fields[3];
  else if (fields[0] == "match")
    entry.matched = true;
  else if (fields[0] == "near" && fields.size() > 4) {
    auto distance = static_cast<unsigned>(std::stoul(fields[3]));
    if (distance < entry.nearest_distance) {
      entry.nearest_distance = distance;
      entry.nearest = fields[4];
    }
  }
}

Records read_records(const std::string &path) {
  Records records;
  for (const std::string &record : section_strings(path, "perdure_port"))
    if (std::vector<std::string> fields = split_text(record, '\t'); !fields.empty())
      add_record(records, fields);
  return records;
}

// Without a list every output is the program, save what configure scripts link to try something.
bool is_about(const Port &port, const std::string &program) {
  if (port.programs.empty())
    return !program.starts_with("conftest") && !program.starts_with("cmTC_");
  return std::find(port.programs.begin(), port.programs.end(), program) != port.programs.end();
}

bool check_entries(const Port &port, const std::string &program) {
  bool ok = true;
  for (const auto &[place, entry] : port.entries) {
    if (entry.matched)
      continue;
    std::string hint = entry.nearest.empty() ? "; correct the name, or remove the entry"
                                             : "; did you mean '" + entry.nearest + "'?";
    std::fprintf(stderr, "%s:%u:%u: error: '%s' matches nothing in program '%s'%s\n",
                 port.path.c_str(), place.first, place.second, entry.text.c_str(), program.c_str(),
                 hint.c_str());
    ok = false;
  }
  return ok;
}

bool check_versions(const Records &records, const std::string &program) {
  std::map<std::string, int> versions;
  bool ok = true;
  for (const auto &[identity, port] : records.ports)
    if (is_about(port, program) && ++versions[port.path] == 2) {
      std::fprintf(stderr,
                   "%s: error: object files of '%s' were compiled with different contents of this "
                   "port file; compile all of them again\n",
                   port.path.c_str(), program.c_str());
      ok = false;
    }
  return ok;
}

// A container filled in one unit and stored in another must get its memory from the same heap.
bool check_elements(const Records &records, const std::string &program) {
  bool ok = true;
  for (const auto &[type, element] : records.elements)
    if (!element.pool_unit.empty() && !element.volatile_unit.empty()) {
      std::fprintf(stderr,
                   "%s: error: containers of '%s' are pool memory in %s but not in %s; include the "
                   "persistent variable's declaration in both, or name the container under "
                   "persistent_types in the port file\n",
                   program.c_str(), type.c_str(), element.pool_unit.c_str(),
                   element.volatile_unit.c_str());
      ok = false;
    }
  return ok;
}

} // namespace

bool check_port(const std::string &linked_file) {
  Records records = read_records(linked_file);
  std::string program = std::filesystem::path(linked_file).filename().string();
  if (!check_versions(records, program))
    return false;
  bool ok = check_elements(records, program);
  for (const auto &[identity, port] : records.ports)
    if (is_about(port, program))
      ok &= check_entries(port, program);
  return ok;
}

} // namespace perdure
