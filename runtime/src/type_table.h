// SPDX-License-Identifier: Apache-2.0
//
// The pool's list of type layouts, in the heap metadata behind the root table. Entries are only
// ever added: a type of another layout is refused (layout_check.h), never written over. Recorded
// like any other store, in the epoch of the roots that have the types. All zero is an empty table.
// docs/pool_format.md has a worked example.
//
//   TypeTableHeader (64 bytes), then entries one behind the other:
//   TypeEntry, TypeFieldEntry for each field, their NUL-terminated texts, zeros up to a multiple of
//   8
#pragma once

#include "heap.h"
#include "heap_layout.h"
#include "root_table.h"
#include "type_registry.h"

namespace perdure {

inline constexpr uint64_t kTypeTableOffset = 9ull << 20;
inline constexpr uint64_t kTypeTableEnd = 12ull << 20; // here the pin table begins

struct TypeTableHeader {
  uint64_t bytes; // of all entries
  uint64_t count;
  uint64_t reserved[6]; // 0
};

struct TypeEntry {
  uint32_t bytes;  // of this entry, with fields and texts
  uint32_t fields; // how many
  uint64_t size;   // of an object
  uint32_t name;   // texts: offsets from the entry's start
  uint32_t source; // module, of a second type of the name or a root's that leads there; else empty
};

struct TypeFieldEntry {
  uint64_t offset;
  uint64_t size;
  uint32_t name;
  uint32_t type;
};

static_assert(sizeof(TypeTableHeader) == 64 && sizeof(TypeEntry) == 24 &&
              sizeof(TypeFieldEntry) == 24);
inline constexpr uint64_t kTypeTableBytesMax =
    kTypeTableEnd - kTypeTableOffset - sizeof(TypeTableHeader);

class TypeTable {
public:
  TypeTable(std::byte *base, HeapHost host) : base_(base), host_(host) {}
  uint64_t count() const { return header().count; }
  // All entries, in the order they were added. Errors: the table is damaged, whatever its bytes.
  Result<std::vector<TypeLayout>> read() const;
  // Errors: the table is full.
  Status add(const TypeLayout &type);

private:
  TypeTableHeader &header() const {
    return *reinterpret_cast<TypeTableHeader *>(base_ + kTypeTableOffset);
  }

  std::byte *base_;
  HeapHost host_;
};

// Types and roots of the program that made the pool whose metadata lies at BASE. A root of a pool
// from before types were stored has an empty type. Errors: either table is damaged.
Result<TypeRegistry> read_layouts(std::byte *base);
// Adds what of PROGRAM's types the pool does not have, and gives its roots their types.
Status store_layouts(std::byte *base, HeapHost host, const TypeRegistry &program);

} // namespace perdure
