// SPDX-License-Identifier: Apache-2.0
//
// Look-up of layouts by name, and of fields by offset; see type_registry.h.
#include "type_registry.h"
#include "heap_layout.h"
#include <algorithm>
#include <charconv>

namespace perdure {

TypeText parse_type(std::string_view text) {
  TypeText parsed;
  if (text.ends_with('*') || text.ends_with('&')) {
    parsed.kind = TypeText::Kind::kPointer;
    parsed.prefix = text.substr(0, text.size() - 1);
    return parsed;
  }
  // "int[2][3]" is an array of 2 "int[3]".
  size_t begin = text.size();
  while (begin != 0 && text[begin - 1] == ']') {
    const size_t open = text.rfind('[', begin - 1);
    if (open == std::string_view::npos)
      return parsed;
    begin = open;
  }
  if (begin == text.size())
    return parsed;
  const size_t end = text.find(']', begin);
  std::from_chars(text.data() + begin + 1, text.data() + end, parsed.count);
  parsed.kind = TypeText::Kind::kArray;
  parsed.prefix = text.substr(0, begin);
  parsed.dimensions = text.substr(end + 1);
  return parsed;
}

std::string_view base_of(std::string_view type) {
  for (TypeText text = parse_type(type); text.kind != TypeText::Kind::kScalarOrRecord;
       text = parse_type(type))
    type = text.prefix;
  return type;
}

const FieldLayout *TypeLayout::field(std::string_view field_name) const {
  auto found = std::ranges::find(fields, field_name, &FieldLayout::name);
  return found == fields.end() ? nullptr : &*found;
}

std::string TypeRegistry::key_of(std::string_view name, std::string_view source) {
  std::string key(name);
  key += '\0';
  return key += source;
}

void TypeRegistry::add(const perdure_module_info &module) {
  for (uint64_t i = 0; i < module.type_count; i++) {
    const perdure_type_info &info = module.types[i];
    TypeLayout type{info.name, "", info.size, {}};
    for (uint64_t j = 0; j < info.field_count; j++) {
      const perdure_field_info &field = info.fields[j];
      type.fields.push_back({field.name ? field.name : "", field.offset, field.size, field.type});
    }
    add(std::move(type), module.source);
  }
  for (uint64_t i = 0; i < module.root_count; i++) {
    const perdure_root_info &root = module.roots[i];
    add_root(
        {root.key, offset_of(root.address), root.size, root.type ? root.type : "", module.source});
  }
}

void TypeRegistry::add(TypeLayout type, std::string_view source) {
  auto found = by_name_.find(key_of(type.name, ""));
  if (found != by_name_.end() && types_[found->second].same_as(type))
    return;
  if (found != by_name_.end())
    type.source = source;
  const std::string key = key_of(type.name, type.source);
  if (by_name_.contains(key))
    return;
  by_name_.emplace(key, types_.size());
  types_.push_back(std::move(type));
}

void TypeRegistry::add_root(RootLayout root) { roots_.try_emplace(root.offset, std::move(root)); }

const TypeLayout *TypeRegistry::find(std::string_view name, std::string_view source) const {
  auto found = by_name_.find(key_of(name, source));
  if (found == by_name_.end() && !source.empty())
    found = by_name_.find(key_of(name, ""));
  return found == by_name_.end() ? nullptr : &types_[found->second];
}

const RootLayout *TypeRegistry::root_at(uint64_t offset) const {
  auto after = roots_.upper_bound(offset);
  if (after == roots_.begin())
    return nullptr;
  const RootLayout &root = std::prev(after)->second;
  return offset - root.offset < root.size ? &root : nullptr;
}

const RootLayout *TypeRegistry::root(std::string_view key) const {
  auto found = std::ranges::find_if(roots_, [&](auto &entry) { return entry.second.key == key; });
  return found == roots_.end() ? nullptr : &found->second;
}

FieldPlace TypeRegistry::field_at(std::string_view type, std::string_view source, uint64_t size,
                                  uint64_t offset) const {
  FieldPlace place{"", std::string(type), 0, size};
  while (true) {
    const uint64_t inside = offset - place.offset;
    const TypeText text = parse_type(place.type);
    if (text.kind == TypeText::Kind::kArray && text.count != 0) {
      const uint64_t element = place.size / text.count;
      if (element == 0 || inside >= place.size)
        return place;
      place.path += '[';
      place.path += std::to_string(inside / element) + "]";
      place.offset += inside / element * element;
      place.size = element;
      place.type = text.element();
      continue;
    }
    const TypeLayout *layout =
        text.kind == TypeText::Kind::kScalarOrRecord ? find(place.type, source) : nullptr;
    if (!layout)
      return place;
    // An array without length takes what is left.
    auto size_in = [&](const FieldLayout &field) {
      return field.size == 0 && field.type.ends_with("[]") && field.offset < place.size
                 ? place.size - field.offset
                 : field.size;
    };
    const FieldLayout *around = nullptr;
    for (const FieldLayout &field : layout->fields)
      if (field.offset <= inside && inside - field.offset < size_in(field))
        around = &field;
    if (!around)
      return place; // padding
    const uint64_t size = size_in(*around);
    if (!place.path.empty())
      place.path += '.';
    place.path += around->name;
    place.offset += around->offset;
    place.size = size;
    place.type = around->type;
  }
}

} // namespace perdure
