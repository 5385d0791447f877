// SPDX-License-Identifier: Apache-2.0
//
// Names places in the pool for people: the persistent global and its field, or the heap block. Also
// says which bytes the program owns: volatile parts of globals, free blocks and the heap's own
// metadata are not its persistent data.
#pragma once

#include "audit_suspects.h"
#include "heap.h"
#include "perdure/abi.h"
#include "type_registry.h"
#include <map>
#include <string>

namespace perdure {

class AuditPlaces {
public:
  explicit AuditPlaces(const Heap &heap) : heap_(heap) {}

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
  // "global 'table' (struct table), offset 8: field slots[1].key"; "block of 64 bytes at 0x..,
  // offset 8". REQUIRES: the offset is owned.
  std::string name(uint64_t offset) const;
  // The same without addresses, to match suppressions: "table+8" or "block:64+8".
  std::string key(uint64_t offset) const;

private:
  struct Object {
    const perdure_root_info *root; // null: a heap block
    uint64_t begin, size;
  };
  bool find(uint64_t offset, Object &object) const;

  const Heap &heap_;
  std::map<uint64_t, perdure_root_info> roots_; // by offset
  TypeRegistry types_; // a copy: modules loaded later are added while the cutter reads
};

} // namespace perdure
