// SPDX-License-Identifier: Apache-2.0
//
// The pool's list of persistent globals: key, image offset, size, type. A fixed array in the heap
// metadata, recorded like any other store, so that a root and its first value appear in one epoch.
// Entries are only ever added. Not thread-safe: the caller adds and looks up one module at a time.
#pragma once

#include "heap.h"
#include <string_view>

namespace perdure {

struct RootEntry {
  char key[104]; // NUL-terminated
  uint64_t offset;
  uint64_t size; // never 0
  uint64_t type; // its number in the type table, from 1; 0: not known
};

class RootTable {
public:
  RootTable(std::byte *base, HeapHost host) : base_(base), host_(host) {}
  const RootEntry *find(std::string_view key) const;
  // The entry whose bytes overlap [offset, offset + size); null if none.
  const RootEntry *overlapping(uint64_t offset, uint64_t size) const;
  // Errors: key empty, too long or present; bytes outside the root window or another root's; full.
  Status add(std::string_view key, uint64_t offset, uint64_t size);
  void set_type(const RootEntry &entry, uint64_t type);
  size_t count() const;
  // REQUIRES: index < count()
  const RootEntry &at(size_t index) const;
  // The first unsoundness is the error; whatever the bytes are.
  Status check() const;

private:
  struct Header;
  Header &header() const;
  RootEntry *entries() const;

  std::byte *base_;
  HeapHost host_;
};

} // namespace perdure
