// SPDX-License-Identifier: Apache-2.0
//
// Types are taken apart once, into the pointers they hold; then objects are only scanned for those.
// See object_graph.h.
#include "object_graph.h"
#include "heap_layout.h"
#include <algorithm>

namespace perdure {
namespace {

constexpr int kDepthMax = 64;               // records inside records
constexpr size_t kPointersMax = 65536;      // taken apart, of one type
constexpr size_t kObjectsMax = 16ull << 20; // what more there is stays without a type

} // namespace

// --- Types ---

uint32_t ObjectGraph::kind_of(std::string_view type, const std::string &source,
                              const std::string &nodes) {
  std::string key(type);
  (key += '\0') += source;
  (key += '\0') += nodes;
  const auto [found, is_new] = kind_by_text_.emplace(key, kinds_.size());
  if (is_new) {
    Kind &kind = kinds_.emplace_back(Kind{std::string(type),
                                          source,
                                          nodes,
                                          pointers_.size_of(type, source),
                                          pointers_.is_flexible(type, source),
                                          {}});
    find_pointers(kind, kind.type, {0, kind.size, 1, 0, nodes, 0});
  }
  return found->second;
}

void ObjectGraph::find_pointers(Kind &kind, std::string_view type, const Part &part) const {
  if (is_transient(type) || part.depth > kDepthMax || kind.fields.size() >= kPointersMax)
    return;
  const TypeText text = parse_type(type);
  if (text.kind == TypeText::Kind::kPointer)
    kind.fields.push_back(
        {part.offset, part.count, part.stride, std::string(text.prefix), 0, part.nodes});
  else if (text.kind == TypeText::Kind::kArray)
    find_pointers_in_array(kind, text, part);
  else if (const TypeLayout *layout = types_.find(type, kind.source))
    find_pointers_in_record(kind, *layout, part);
}

void ObjectGraph::find_pointers_in_array(Kind &kind, const TypeText &text, const Part &part) const {
  const std::string type = text.element();
  const uint64_t size = pointers_.size_of(type, kind.source);
  if (size == 0)
    return;
  Part element{part.offset, size, text.count, size, part.nodes, part.depth + 1};
  if (part.count == 1) // text.count 0: as many as there is room for
    return find_pointers(kind, type, element);
  // An array in elements of another: each of its elements is repeated as they are.
  element.count = part.count;
  element.stride = part.stride;
  for (uint64_t i = 0; i < text.count && kind.fields.size() < kPointersMax; i++) {
    const size_t before = kind.fields.size();
    find_pointers(kind, type, element);
    if (kind.fields.size() == before)
      return; // there are none in it
    element.offset += size;
  }
}

void ObjectGraph::find_pointers_in_record(Kind &kind, const TypeLayout &layout,
                                          const Part &part) const {
  if (const auto vector = TypedPointers::vector_fields(layout)) {
    kind.fields.push_back({part.offset + vector->start->offset, part.count, part.stride,
                           std::string(vector->element), part.offset + vector->finish->offset,
                           part.nodes});
    return;
  }
  Part member = part;
  member.depth++;
  if (const FieldLayout *nodes = layout.field("(nodes)"))
    member.nodes = nodes->type;
  for (const FieldLayout &field : layout.fields) {
    if (field.name == "(nodes)" || field.offset + field.size > part.size)
      continue; // the latter: in the tail padding that a derived class uses
    member.offset = part.offset + field.offset;
    member.size = field.size;
    find_pointers(kind, field.type, member);
  }
}

// --- Objects ---

void ObjectGraph::walk() {
  clear();
  for (const auto &[offset, root] : types_.roots()) {
    if (root.type.empty())
      continue;
    const auto index = static_cast<uint32_t>(roots_.size());
    roots_.push_back(root.key);
    follow(offset, {root.size, kind_of(root.type, root.source, ""), index, false});
    while (!pending_.empty()) {
      const auto [next, object] = pending_.front();
      pending_.pop_front();
      follow(next, object);
    }
  }
}

void ObjectGraph::clear() {
  kinds_.clear();
  kind_by_text_.clear();
  roots_.clear();
  objects_.clear();
}

void ObjectGraph::add(const ObjectPlace &place, uint32_t root) {
  if (place.size == 0 || objects_.size() >= kObjectsMax || types_.root_at(place.offset))
    return;
  const TypeText text = parse_type(place.type);
  const bool is_array = text.kind == TypeText::Kind::kArray;
  const uint32_t kind = kind_of(is_array ? text.element() : place.type, place.source, place.nodes);
  if (kinds_[kind].fields.empty() && !types_.find(kinds_[kind].type, place.source))
    return; // text and numbers: nothing to name, nothing to follow
  const auto [begin, end] = objects_.equal_range(place.offset);
  if (std::any_of(begin, end, [&](auto &known) { return known.second.kind == kind; }))
    return;
  const Object object{place.size, kind, root, place.is_guessed_array};
  objects_.emplace(place.offset, object);
  if (!kinds_[kind].fields.empty())
    pending_.emplace_back(place.offset, object);
}

void ObjectGraph::follow(uint64_t offset, const Object &object) {
  const Kind &kind = kinds_[object.kind];
  const uint64_t step = kind.is_flexible || kind.size == 0 ? object.size : kind.size;
  for (uint64_t at = 0; step != 0 && at + step <= object.size; at += step) {
    for (const PointerField &field : kind.fields) {
      uint64_t count = field.count;
      if (count == 0)
        count = field.offset < step ? (step - field.offset) / field.stride : 0;
      for (uint64_t i = 0; i < count && field.offset + i * field.stride + 8 <= step; i++)
        follow(kind, field, offset + at + i * field.stride, object.root);
    }
  }
}

// AT: where an object of KIND, or its repeated part, begins.
void ObjectGraph::follow(const Kind &kind, const PointerField &field, uint64_t at, uint32_t root) {
  const uint64_t address = pointers_.word_at(at + field.offset);
  if (address >> PERDURE_SLOT_SHIFT != PERDURE_SLOT)
    return;
  const uint64_t target = address - kBase;
  const ObjectPlace from{0, 0, "", kind.source, field.nodes};
  std::optional<ObjectPlace> place;
  if (field.finish != 0) {
    const uint64_t end = pointers_.word_at(at + field.finish);
    place = pointers_.vector_elements(from, field.pointee, target, end - address);
  } else if (const TypedPointers::Around around = pointers_.around(target); around.size != 0) {
    place = pointers_.target(from, field.pointee, target, around);
  }
  if (place)
    add(*place, root);
}

std::vector<ObjectGraph::Found> ObjectGraph::around(uint64_t offset) const {
  std::vector<Found> found;
  const TypedPointers::Around block = pointers_.around(offset);
  if (block.size == 0 || block.root)
    return found;
  for (auto next = objects_.upper_bound(offset); next != objects_.begin();) {
    const auto &[begin, object] = *--next;
    if (begin < block.start)
      break;
    if (offset - begin >= object.size)
      continue;
    const Kind &kind = kinds_[object.kind];
    const bool is_array = !kind.is_flexible && kind.size != 0 && object.size >= 2 * kind.size;
    const uint64_t index = is_array ? (offset - begin) / kind.size : 0;
    const uint64_t start = begin + index * kind.size;
    FieldPlace field = types_.field_at(kind.type, kind.source,
                                       kind.is_flexible ? object.size : kind.size, offset - start);
    const bool certain = !object.is_guessed_array || index == 0;
    if (is_array && !(object.is_guessed_array && certain))
      field.path = "[" + std::to_string(index) + "]" + (field.path.empty() ? "" : ".") + field.path;
    const uint64_t end = start + field.offset + field.size;
    found.push_back({kind.type, roots_[object.root], std::move(field), end, certain});
  }
  return found;
}

} // namespace perdure
