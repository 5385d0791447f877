// SPDX-License-Identifier: Apache-2.0
//
// The pool's list of persistent globals: key, image offset, size. A fixed array in the heap metadata,
// recorded like any other store, so that a root and its first value appear in one epoch.
#pragma once

#include "heap.h"
#include <string_view>

namespace perdure {

struct RootEntry {
  char key[104]; // NUL-terminated
  uint64_t offset;
  uint64_t size; // 0: free entry
  uint64_t reserved;
};

class RootTable {
public:
  RootTable(std::byte *base, HeapHost host) : base_(base), host_(host) {}
  const RootEntry *find(std::string_view key) const;
  // The entry whose bytes overlap [offset, offset + size); null if none.
  const RootEntry *overlapping(uint64_t offset, uint64_t size) const;
  Status add(std::string_view key, uint64_t offset, uint64_t size);
  size_t count() const;
  const RootEntry &at(size_t index) const;

private:
  std::byte *base_;
  HeapHost host_;
};

} // namespace perdure
