// SPDX-License-Identifier: Apache-2.0
//
// See object_reader.h.
#include "object_reader.h"
#include "heap_layout.h"
#include "pool_facts.h"
#include "scalar_text.h"
#include <algorithm>
#include <cstring>

namespace perdure {
namespace {

constexpr int kDepthMax = 64;                // records inside records
constexpr uint64_t kElementsMax = 1000;      // of one array
constexpr uint64_t kStringMax = 64ull << 10; // bytes
constexpr uint64_t kObjectMax = 4ull << 20;  // of one object: values, and bytes of their texts

bool is_text(std::string_view type) { return type == "char"; }
bool is_byte(std::string_view type) {
  return type == "unsigned char" || type == "signed char" || type == "char8_t" ||
         type == "std::byte";
}

std::string hex_text(uint64_t address) {
  char text[32];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(address));
  return text;
}

} // namespace

std::string ObjectReader::address_text(uint64_t offset) { return hex_text(kBase + offset); }

bool ObjectReader::all_zero(uint64_t offset, uint64_t size) const {
  return std::all_of(base_ + offset, base_ + offset + size,
                     [](std::byte byte) { return byte == std::byte{0}; });
}

Value ObjectReader::read(const ObjectPlace &place) {
  read_ = 0;
  to_scan_ = kDepthMax * place.size;
  return read(place, 0);
}

Value ObjectReader::read(const ObjectPlace &place, int depth) {
  if (is_transient(place.type))
    return Value::note("transient");
  if (depth > kDepthMax)
    return Value::note("nested too deeply");
  // Types that contain each other many times over make values without end of a few bytes.
  if (read_ > kObjectMax) {
    cut_short_ = true;
    return {};
  }
  Value value = read_any(place, depth);
  read_ += 1 + value.text.size() + place.type.size() / 16;
  return value;
}

Value ObjectReader::read_any(const ObjectPlace &place, int depth) {
  const TypeText text = parse_type(place.type);
  if (text.kind == TypeText::Kind::kArray)
    return read_array(place, text, depth);
  if (text.kind == TypeText::Kind::kPointer && place.size == 8)
    return read_pointer(place, text);
  if (const TypeLayout *layout = types_.find(place.type, place.source))
    return read_record(place, *layout, depth);
  return read_scalar(place);
}

Value ObjectReader::read_pinned(uint64_t address) const {
  auto found = std::ranges::find_if(pins_, [&](const PinRecord &pin) {
    return address >= pin.address && address - pin.address < pin.size;
  });
  if (found == pins_.end())
    return {};
  const uint64_t offset = address - found->address;
  const std::string hex = hex_text(address);
  return {hex + " (" + found->key + (offset == 0 ? "" : " + " + std::to_string(offset)) + ")",
          "{\"pointer\": " + json_string(hex) + ", \"pin\": " + json_string(found->key) +
              (offset == 0 ? "" : ", \"offset\": " + std::to_string(offset)) + "}",
          {}};
}

Value ObjectReader::read_scalar(const ObjectPlace &place) const {
  // "void (*)(int)", "(vtable pointer)"
  if (place.size == 8 && place.type.find('(') != std::string::npos)
    if (Value value = read_pinned(pointers_.word_at(place.offset)); !value.is_empty())
      return value;
  return scalar_value(place.type, base_ + place.offset, std::min(place.size, kStringMax));
}

Value ObjectReader::read_string(uint64_t offset, uint64_t size, bool to_nul) {
  const auto *begin = reinterpret_cast<const char *>(base_ + offset);
  uint64_t length = to_nul ? strnlen(begin, std::min(size, kStringMax + 1)) : size;
  while (!to_nul && length != 0 && begin[length - 1] == 0)
    length--;
  if (length > kStringMax) {
    length = kStringMax;
    cut_short_ = true;
  }
  return Value::string(std::string(begin, length));
}

Value ObjectReader::read_array(const ObjectPlace &place, const TypeText &text, int depth) {
  const std::string element_type = text.element();
  if (place.size == 0)
    return Value::note("length not known");
  if (place.size > to_scan_) { // arrays in arrays are scanned at each level, others once
    cut_short_ = true;
    return {};
  }
  to_scan_ -= place.size;
  if (is_text(element_type))
    return read_string(place.offset, place.size, text.count != 0);
  if (is_byte(element_type))
    return bytes_value(base_ + place.offset, std::min(place.size, kStringMax));
  const uint64_t size =
      text.count != 0 ? place.size / text.count : pointers_.size_of(element_type, place.source);
  if (size == 0)
    return bytes_value(base_ + place.offset, std::min(place.size, kStringMax));
  Value value;
  for (uint64_t i = 0; i < place.size / size; ++i) {
    const uint64_t at = place.offset + i * size;
    if (all_zero(at, size))
      continue;
    if (value.members.size() == kElementsMax) {
      cut_short_ = true;
      break;
    }
    value.members.emplace_back(
        "[" + std::to_string(i) + "]",
        read({at, size, element_type, place.source, place.nodes}, depth + 1));
  }
  return value.members.empty() ? Value::note("all zero") : value;
}

Value ObjectReader::read_record(const ObjectPlace &place, const TypeLayout &layout, int depth) {
  if (Value value = read_std_string(place, layout); !value.is_empty())
    return value;
  if (Value value = read_std_vector(place, layout); !value.is_empty())
    return value;
  std::string nodes = place.nodes;
  if (const FieldLayout *field = layout.field("(nodes)"))
    nodes = field->type;
  Value value, whole;
  for (const FieldLayout &field : layout.fields) {
    const bool is_flexible = field.type.ends_with("[]");
    const uint64_t end = field.offset + field.size;
    if (field.name == "(nodes)" || end > place.size)
      continue; // the latter: in the tail padding that a derived class uses
    read_ += field.name.size() / 16;
    Value member =
        read({place.offset + field.offset, is_flexible ? place.size - field.offset : field.size,
              field.type, place.source, nodes},
             depth + 1);
    if (member.is_empty())
      continue;
    if (field.name == "(value)")
      return member;
    if (field.name.starts_with("(base ") && member.members.empty())
      whole = std::move(member); // a container
    else if (field.name.starts_with("(base "))
      std::ranges::move(member.members, std::back_inserter(value.members));
    else
      value.members.emplace_back(field.name, std::move(member));
  }
  if (value.members.empty())
    return whole;
  if (!whole.is_empty())
    value.members.emplace_back("(elements)", std::move(whole));
  return value;
}

Value ObjectReader::read_std_string(const ObjectPlace &place, const TypeLayout &layout) {
  if (!layout.name.starts_with("std::basic_string<char>") &&
      !layout.name.starts_with("std::basic_string<char,"))
    return {};
  const FieldLayout *data = layout.field("_M_dataplus");
  const FieldLayout *length = layout.field("_M_string_length");
  if (!data || !length || data->size != 8 || length->size != 8 || place.size < layout.size)
    return {};
  const uint64_t target = pointers_.word_at(place.offset + data->offset) - kBase;
  const uint64_t bytes = pointers_.word_at(place.offset + length->offset);
  const TypedPointers::Around block = pointers_.around(target);
  if (block.size == 0 || bytes > block.end() - target)
    return Value::note("not a sound string");
  const uint64_t shown = std::min(bytes, kStringMax);
  cut_short_ = cut_short_ || shown < bytes;
  return Value::string(std::string(reinterpret_cast<const char *>(base_ + target), shown));
}

Value ObjectReader::read_std_vector(const ObjectPlace &place, const TypeLayout &layout) {
  const auto fields = TypedPointers::vector_fields(layout);
  if (!fields || place.size < layout.size)
    return {};
  const uint64_t begin = pointers_.word_at(place.offset + fields->start->offset);
  const uint64_t bytes = pointers_.word_at(place.offset + fields->finish->offset) - begin;
  if (bytes == 0)
    return Value::note("empty");
  auto elements = pointers_.vector_elements(place, fields->element, begin - kBase, bytes);
  if (!elements)
    return Value::note("not a sound vector");
  const std::string count = std::to_string(parse_type(elements->type).count);
  if (count != "0")
    follow_(std::move(*elements));
  const std::string address = address_text(begin - kBase);
  return {address + " (" + count + " elements)",
          "{\"pointer\": " + json_string(address) + ", \"elements\": " + count + "}",
          {}};
}

Value ObjectReader::read_pointer(const ObjectPlace &place, const TypeText &text) {
  const uint64_t address = pointers_.word_at(place.offset);
  if (address == 0)
    return {"null", "null", {}};
  if (Value value = read_pinned(address); !value.is_empty())
    return value;
  const std::string hex = hex_text(address);
  Value value{hex, "{\"pointer\": " + json_string(hex), {}};
  auto finish = [&](const std::string &what, const std::string &json) {
    value.text += what;
    value.json += json + "}";
    return value;
  };
  if (address >> PERDURE_SLOT_SHIFT != PERDURE_SLOT)
    return finish(" (outside the pool)", ", \"note\": \"outside the pool\"");
  const uint64_t target = address - kBase;
  const TypedPointers::Around block = pointers_.around(target);
  if (block.size == 0)
    return finish(" (no live object)", ", \"note\": \"no live object\"");
  const std::string start = block.root ? block.root->key : address_text(block.start);
  if (block.root || target != block.start)
    value.text += " (" + start +
                  (target == block.start ? "" : " + " + std::to_string(target - block.start)) + ")";
  value.json += std::string(block.root ? ", \"root\": " : ", \"object\": ") + json_string(start);
  if (target != block.start)
    value.json += ", \"offset\": " + std::to_string(target - block.start);
  if (is_text(text.prefix)) {
    const Value string = read_string(target, block.end() - target, true);
    return finish(" " + string.text, ", \"text\": " + string.json);
  }
  if (auto object = pointers_.target(place, text.prefix, target, block))
    follow_(std::move(*object));
  return finish("", "");
}

} // namespace perdure
