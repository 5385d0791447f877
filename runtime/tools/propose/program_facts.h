// SPDX-License-Identifier: Apache-2.0
//
// What the compiler wrote down of a program in propose mode (clang-plugin/proposal_records.h), put
// together. A record is a line of fields separated by tabs:
//
//   function ID FILE LINE RETURNS             defined; RETURNS: void, memory (void *), int, other
//   calls ID CALLEE LINE LOOP                 LOOP: line of the outermost loop around it, or 0
//   takes ID CALLEE                           its address; ID may be a variable
//   thread ID CALLEE                          hands on a function that looks like a thread's
//   dispatches ID TYPE                        calls through a pointer that lies in such an object
//   global ID FILE LINE TYPE KIND TYPES MAY   MAY: root, const, other
//   writes ID GLOBAL FIELD HOW LINE           FIELD: the outermost, or empty
//   stores ID TYPE FIELD HOW                  to an object that a pointer leads to
//   makes ID ALLOCATOR TYPE TARGET            TARGET: global=ID[.FIELD], field=TYPE.FIELD, or empty
//   lock ID CALLEE global|field NAME LOOP     passes a lock to CALLEE
//   library ID CALLEE own|any                 may write to arguments; own: to its own objects
//   type NAME
//   field TYPE FIELD KIND TYPES NAMED
//
// ID is FILE:NAME where other units could mean something else by NAME. KIND is data, record,
// container (a standard one), pointer, lock, handle, library, or function (a pointer to one). HOW
// is count, constant, clock, fill, method, alloc, alias (its address is taken), from=GLOBAL, or
// value.
#pragma once

#include "status.h"
#include <map>
#include <set>
#include <string>
#include <vector>

namespace perdure::propose {

struct Call {
  std::string callee;
  unsigned line = 0, loop = 0;
};
struct Write {
  std::string name, field, how; // name: of the global or of the type
};
struct Made {
  std::string allocator, type, target;
};
struct LockUse {
  std::string callee, lock;
  unsigned loop = 0;
};

struct Function {
  std::string id, file, returns;
  std::vector<Call> calls;
  std::set<std::string> takes, threads, dispatches;
  std::map<std::string, bool> library_calls; // by callee, whether its objects are its own
  std::vector<Write> writes, stores;
  std::vector<Made> makes;
  std::vector<LockUse> locks;
};

struct Field {
  std::string name, kind;
  std::vector<std::string> types;
  bool is_named = false;
};

struct Global {
  std::string id, file, type, kind, may;
  std::vector<std::string> types;
};

struct ProgramFacts {
  std::map<std::string, Function> functions;
  std::map<std::string, Global> globals;
  std::map<std::string, std::vector<Field>> types;
  std::map<std::string, std::set<std::string>> taken_by_variables; // functions by variable
};

// Errors: the file can't be read, or holds no facts.
Result<ProgramFacts> read_program_facts(const std::string &path);

// How a port file refers to an entity: [FILE:]NAME.
std::string reference(const std::string &id, const std::string &file);
std::string function_reference(const ProgramFacts &facts, const std::string &function);

} // namespace perdure::propose
