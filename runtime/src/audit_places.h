// SPDX-License-Identifier: Apache-2.0
//
// Names places in the pool for people: the persistent global or heap block, the type of the object
// and its field. Also says which bytes the program owns: volatile parts of globals, transient
// fields of objects, free blocks and the heap's own metadata are not its persistent data.
#pragma once

#include "audit_suspects.h"
#include "heap.h"
#include "object_graph.h"
#include "perdure/abi.h"
#include <map>
#include <string>

namespace perdure {

class AuditPlaces {
public:
  explicit AuditPlaces(const Heap &heap);

  void add_root(const perdure_root_info &root);
  void add_types(const perdure_module_info &module) { types_.add(module); }

  // [begin, end) of all bytes that may be the program's, in order. END of the heap: its frontier.
  std::vector<ByteRange> regions() const;
  // The part of RUN from its begin on that lies in one object's persistent bytes; empty if its
  // first bytes are nobody's: then END is where to look on.
  struct Part {
    ByteRange range;
    bool owned;
  };
  Part first_part(ByteRange run) const;
  // Finds out what lies in heap blocks; else they have no types. Takes its time: mutators may run.
  void find_objects() { objects_.walk(); }
  void forget_objects() { objects_.clear(); }
  // The parts of RUN, in one object, that are not in transient fields.
  std::vector<ByteRange> without_transient(ByteRange run) const;
  // "global 'table', 96 bytes at 0x.., offset 8: table.slots[1].key"; "'note' (block of 64 bytes at
  // 0x.., offset 8, reached from 'notes'), field 'text[0]'"; "a block of 64 bytes at 0x.., offset
  // 8". REQUIRES: the offset is owned.
  std::string name(uint64_t offset) const;
  // The same without addresses, to match suppressions: "table+8" or "block:64+8", and by its type,
  // if that is known, "note.text[0]".
  std::vector<std::string> keys(uint64_t offset) const;

private:
  struct Object {
    const perdure_root_info *root; // null: a heap block
    uint64_t begin, size;
  };
  bool find(uint64_t offset, Object &object) const;
  bool is_transient_until(uint64_t offset, uint64_t &end) const;

  const Heap &heap_;
  std::map<uint64_t, perdure_root_info> roots_; // by offset
  TypeRegistry types_; // a copy: modules loaded later are added while the cutter reads
  ObjectGraph objects_;
};

} // namespace perdure
