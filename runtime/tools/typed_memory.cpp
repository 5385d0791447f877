// SPDX-License-Identifier: Apache-2.0
//
// See typed_memory.h.
#include "typed_memory.h"
#include "heap_layout.h"
#include "scalar_text.h"
#include <algorithm>
#include <cstring>

namespace perdure {
namespace {

// What nodes of standard containers point to each other as.
bool is_node_base(std::string_view type) {
  return type == "std::_Rb_tree_node_base" || type == "std::__detail::_List_node_base" ||
         type == "std::__detail::_Hash_node_base";
}

} // namespace

const FieldLayout *field_named(const TypeLayout &layout, std::string_view name) {
  auto found = std::ranges::find(layout.fields, name, &FieldLayout::name);
  return found == layout.fields.end() ? nullptr : &*found;
}

uint64_t TypedMemory::word_at(uint64_t offset) const {
  uint64_t word;
  std::memcpy(&word, base_ + offset, sizeof word);
  return word;
}

uint64_t TypedMemory::size_of(const std::string &type, const std::string &source) const {
  const TypeText text = parse_type(type);
  if (text.kind == TypeText::Kind::kPointer)
    return 8;
  if (text.kind == TypeText::Kind::kArray) {
    const uint64_t element = size_of(text.element(), source);
    return element > kSlotSize / std::max<uint64_t>(text.count, 1) ? 0 : element * text.count;
  }
  const TypeLayout *layout = types_.find(type, source);
  return layout ? layout->size : scalar_size(type);
}

bool TypedMemory::is_flexible(const std::string &type, const std::string &source) const {
  const TypeLayout *layout = types_.find(type, source);
  return layout && std::ranges::any_of(layout->fields, [](const FieldLayout &field) {
           return field.type.ends_with("[]");
         });
}

TypedMemory::Around TypedMemory::around(uint64_t offset) const {
  if (const RootLayout *root = types_.root_at(offset))
    return {root->offset, root->size, root};
  size_t size = 0;
  const auto *block = static_cast<const std::byte *>(heap_.block_of(base_ + offset, &size));
  return block ? Around{static_cast<uint64_t>(block - base_), size, nullptr} : Around{};
}

std::optional<ObjectPlace> TypedMemory::pointee(const ObjectPlace &from, const std::string &pointee,
                                                uint64_t target, const Around &around) const {
  std::string type = pointee;
  const bool at_start = target == around.start && !around.root;
  if (is_node_base(pointee) && !from.nodes.empty()) {
    if (!at_start)
      return {}; // the container's own end of the chain
    type = from.nodes;
  }
  uint64_t size = size_of(type, from.source);
  const uint64_t available = around.start + around.size - target;
  if (size == 0 || size > available)
    return {}; // an incomplete type, or not what it says
  // In the middle of a block (the program's own allocator) nobody knows where it ends.
  if (at_start && is_flexible(type, from.source))
    size = available;
  return ObjectPlace{target, size, type, from.source, from.nodes};
}

} // namespace perdure
