// SPDX-License-Identifier: Apache-2.0
//
// What `perdure dump` and `perdure sweep` work on: a pool that nobody else has open, its log
// replayed in memory, its heap checked, its types read.
#pragma once

#include "heap.h"
#include "pin_table.h"
#include "pool_view.h"
#include "type_registry.h"

namespace perdure {

struct PoolContents {
  // HOST: is told what changes in the heap's metadata. Errors: as PoolView; an empty pool; an
  // unsound heap, type or pin table.
  static Result<std::unique_ptr<PoolContents>> open(const std::string &path, const HeapHost &host);

  std::byte *base() const { return view->base(); }

  std::unique_ptr<PoolView> view;
  uint64_t last_epoch;
  std::unique_ptr<Heap> heap;
  TypeRegistry types;
  std::vector<PinRecord> pins; // what the objects may point to outside the pool
};

} // namespace perdure
