// SPDX-License-Identifier: Apache-2.0
//
// Decodes objects of a pool by their types' layouts: bytes at an image offset and a type's text
// become a Value. Trusts neither: what lies outside its object, and types that contain themselves,
// are noted and not read.
#pragma once

#include "pin_table.h"
#include "typed_pointers.h"
#include "value.h"
#include <functional>

namespace perdure {

class ObjectReader {
public:
  // BASE: where image offset 0 is mapped. FOLLOW gets what typed pointers lead to.
  ObjectReader(const std::byte *base, const TypeRegistry &types, const std::vector<PinRecord> &pins,
               const Heap &heap, std::function<void(ObjectPlace)> follow)
      : base_(base), types_(types), pins_(pins), pointers_(base, types, heap),
        follow_(std::move(follow)) {}

  Value read(const ObjectPlace &place);
  bool cut_short() const { return cut_short_; } // some string or array was too long to show

  static std::string address_text(uint64_t offset); // in a process that has the pool open

private:
  Value read(const ObjectPlace &place, int depth);
  Value read_any(const ObjectPlace &place, int depth);
  Value read_array(const ObjectPlace &place, const TypeText &text, int depth);
  Value read_record(const ObjectPlace &place, const TypeLayout &layout, int depth);
  Value read_scalar(const ObjectPlace &place) const;
  Value read_pointer(const ObjectPlace &place, const TypeText &text);
  Value read_pinned(uint64_t address) const; // empty: no pin is there
  Value read_string(uint64_t offset, uint64_t size, bool to_nul);
  // Standard containers whose fields say how much of what they point to is in use; empty: neither.
  Value read_std_string(const ObjectPlace &place, const TypeLayout &layout);
  Value read_std_vector(const ObjectPlace &place, const TypeLayout &layout);

  bool all_zero(uint64_t offset, uint64_t size) const;

  const std::byte *base_;
  const TypeRegistry &types_;
  const std::vector<PinRecord> &pins_;
  const TypedPointers pointers_;
  std::function<void(ObjectPlace)> follow_;
  uint64_t read_ = 0;    // of the present object: values, and bytes of their texts
  uint64_t to_scan_ = 0; // bytes that its arrays may still take
  bool cut_short_ = false;
};

} // namespace perdure
