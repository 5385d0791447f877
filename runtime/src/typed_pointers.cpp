// SPDX-License-Identifier: Apache-2.0
//
// See typed_pointers.h.
#include "typed_pointers.h"
#include "heap_layout.h"
#include "scalar_types.h"
#include <algorithm>
#include <cstring>

namespace perdure {
namespace {

constexpr int kDimensionsMax = 16; // of an array

// What nodes of standard containers point to each other as.
bool is_node_base(std::string_view type) {
  return type == "std::_Rb_tree_node_base" || type == "std::__detail::_List_node_base" ||
         type == "std::__detail::_Hash_node_base";
}

std::string array_of(std::string_view element, uint64_t count) {
  return std::string(element) + "[" + std::to_string(count) + "]";
}

} // namespace

TypedPointers::Around TypedPointers::around(uint64_t offset) const {
  if (offset >= kSlotSize)
    return {};
  if (const RootLayout *root = types_.root_at(offset))
    return {root->offset, root->size, root};
  size_t size = 0;
  const auto *block = static_cast<const std::byte *>(heap_.block_of(base_ + offset, &size));
  return block ? Around{static_cast<uint64_t>(block - base_), size, nullptr} : Around{};
}

uint64_t TypedPointers::word_at(uint64_t offset) const {
  uint64_t word;
  std::memcpy(&word, base_ + offset, sizeof word);
  return word;
}

uint64_t TypedPointers::size_of(std::string_view type, std::string_view source,
                                int dimensions) const {
  const TypeText text = parse_type(type);
  if (text.kind == TypeText::Kind::kPointer)
    return 8;
  if (text.kind == TypeText::Kind::kArray) {
    if (dimensions == kDimensionsMax)
      return 0;
    const uint64_t element = size_of(text.element(), source, dimensions + 1);
    return element > kSlotSize / std::max<uint64_t>(text.count, 1) ? 0 : element * text.count;
  }
  if (const TypeLayout *layout = types_.find(type, source))
    return layout->size;
  const ScalarType *scalar = ScalarType::find(type);
  return scalar ? scalar->size : 0;
}

bool TypedPointers::is_flexible(std::string_view type, std::string_view source) const {
  const TypeLayout *layout = types_.find(type, source);
  return layout && std::ranges::any_of(layout->fields, [](const FieldLayout &field) {
           return field.type.ends_with("[]");
         });
}

std::optional<ObjectPlace> TypedPointers::target(const ObjectPlace &from, std::string_view pointee,
                                                 uint64_t target, const Around &around) const {
  ObjectPlace place{target, 0, std::string(pointee), from.source, from.nodes};
  const bool at_start = target == around.start && !around.root;
  const bool is_node = is_node_base(pointee) && !from.nodes.empty();
  if (is_node) {
    if (!at_start)
      return std::nullopt; // the container's own end of the chain
    place.type = from.nodes;
  }
  place.size = size_of(place.type, from.source);
  const uint64_t available = around.end() - target;
  if (place.size == 0 || place.size > available)
    return std::nullopt; // an incomplete type, or not what it says
  if (is_flexible(place.type, from.source)) {
    // In the middle of a block (the program's own allocator) nobody knows where it ends.
    if (at_start)
      place.size = available;
  } else if (at_start && !is_node && available / place.size >= 2) {
    const uint64_t count = available / place.size;
    place.size *= count;
    place.type = array_of(place.type, count);
    place.is_guessed_array = true;
  }
  return place;
}

std::optional<TypedPointers::VectorFields> TypedPointers::vector_fields(const TypeLayout &layout) {
  const FieldLayout *start = layout.field("_M_start"), *finish = layout.field("_M_finish");
  if (!start || !finish || start->type != finish->type || !start->type.ends_with("*") ||
      start->size != 8 || finish->size != 8)
    return std::nullopt;
  return VectorFields{start, finish, parse_type(start->type).prefix};
}

std::optional<ObjectPlace> TypedPointers::vector_elements(const ObjectPlace &from,
                                                          std::string_view element, uint64_t begin,
                                                          uint64_t bytes) const {
  const Around block = around(begin);
  if (block.size == 0 || bytes > block.end() - begin)
    return std::nullopt;
  const uint64_t size = size_of(element, from.source);
  const uint64_t count = size == 0 ? 0 : bytes / size;
  return ObjectPlace{begin, bytes, array_of(element, count), from.source, from.nodes};
}

} // namespace perdure
