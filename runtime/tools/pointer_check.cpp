// SPDX-License-Identifier: Apache-2.0
//
// See pointer_check.h. Breadth first, each place once as each type.
#include "pointer_check.h"
#include "heap_layout.h"
#include "object_reader.h"
#include <algorithm>
#include <deque>
#include <unordered_set>

namespace perdure {
namespace {

constexpr int kDepthMax = 64; // records inside records

// True if another field has some of FIELD's bytes.
bool shares_bytes(const TypeLayout &layout, const FieldLayout &field) {
  return std::ranges::any_of(layout.fields, [&](const FieldLayout &other) {
    return &other != &field && other.name != "(nodes)" &&
           other.offset < field.offset + field.size && field.offset < other.offset + other.size;
  });
}

class PointerCheck {
public:
  PointerCheck(const TypeRegistry &types, const std::vector<PinRecord> &pins,
               const TypedPointers &memory, Doubts &doubts)
      : types_(types), pins_(pins), memory_(memory), doubts_(doubts) {}

  void run() {
    for (const auto &[offset, root] : types_.roots()) {
      where_ = "root " + root.key;
      visit({offset, root.size, root.type, root.source, ""}, "", 0);
    }
    for (; !queue_.empty(); queue_.pop_front()) {
      const ObjectPlace &place = queue_.front();
      where_ = place.type + " at " + ObjectReader::address_text(place.offset);
      objects_++;
      visit(place, "", 0);
    }
  }

  uint64_t objects() const { return objects_; }
  uint64_t pointers() const { return pointers_; }

private:
  void visit(const ObjectPlace &place, const std::string &field, int depth) {
    if (depth > kDepthMax || is_transient(place.type))
      return;
    const TypeText text = parse_type(place.type);
    if (text.kind == TypeText::Kind::kArray)
      visit_array(place, text, field, depth);
    else if (text.kind == TypeText::Kind::kPointer && place.size == 8)
      visit_pointer(place, std::string(text.prefix), field);
    else if (const TypeLayout *layout = types_.find(place.type, place.source))
      visit_record(place, *layout, field, depth);
  }

  void visit_array(const ObjectPlace &place, const TypeText &text, const std::string &field,
                   int depth) {
    const std::string element = text.element();
    const uint64_t size = memory_.size_of(element, place.source);
    if (size == 0 || !may_hold_pointers(element, place.source))
      return;
    // Without a length the elements in use are not known; with one all of them are.
    for (uint64_t i = 0; i < text.count && (i + 1) * size <= place.size; ++i)
      visit({place.offset + i * size, size, element, place.source, place.nodes},
            field + "[" + std::to_string(i) + "]", depth + 1);
  }

  bool may_hold_pointers(const std::string &type, const std::string &source) const {
    return parse_type(type).kind != TypeText::Kind::kScalarOrRecord || types_.find(type, source);
  }

  void visit_record(const ObjectPlace &place, const TypeLayout &layout, const std::string &path,
                    int depth) {
    const auto vector = TypedPointers::vector_fields(layout);
    if (vector && layout.size <= place.size)
      return visit_vector(place, *vector, path);
    const FieldLayout *nodes = layout.field("(nodes)");
    for (const FieldLayout &field : layout.fields)
      if (&field != nodes && field.offset + field.size <= place.size &&
          may_hold_pointers(field.type, place.source) && !shares_bytes(layout, field))
        visit({place.offset + field.offset, field.size, field.type, place.source,
               nodes ? nodes->type : place.nodes},
              path.empty() ? field.name : path + "." + field.name, depth + 1);
  }

  bool is_pinned(uint64_t address) const {
    return std::ranges::any_of(pins_, [&](const PinRecord &pin) {
      return address >= pin.address && address - pin.address < pin.size;
    });
  }

  void visit_vector(const ObjectPlace &place, const TypedPointers::VectorFields &vector,
                    const std::string &path) {
    const uint64_t begin = memory_.word_at(place.offset + vector.start->offset);
    const uint64_t end = memory_.word_at(place.offset + vector.finish->offset);
    if (begin == end)
      return;
    pointers_++;
    auto elements = memory_.vector_elements(place, vector.element, begin - kBase, end - begin);
    if (elements)
      add(std::move(*elements));
    else if (memory_.size_of(vector.element, place.source) != 0)
      doubt(begin, path, "to no elements");
  }

  void visit_pointer(const ObjectPlace &place, const std::string &pointee,
                     const std::string &field) {
    const uint64_t address = memory_.word_at(place.offset);
    if (address == 0)
      return;
    pointers_++;
    if (is_pinned(address))
      return;
    if (address >> PERDURE_SLOT_SHIFT != PERDURE_SLOT)
      return doubt(address, field, "out of the pool");
    const uint64_t target = address - kBase;
    const TypedPointers::Around around = memory_.around(target);
    if (around.size != 0) {
      if (auto found = memory_.target(place, pointee, target, around))
        add(std::move(*found));
      return;
    }
    const TypedPointers::Around before = memory_.around(target - 1);
    if (before.size == 0 || before.start + before.size != target) // not the end of an array either
      doubt(address, field, "to no live object");
  }

  void doubt(uint64_t address, const std::string &field, const char *how) {
    char hex[32];
    std::snprintf(hex, sizeof hex, "0x%lx", address);
    doubts_.add(where_ + (field.empty() ? "" : ", field " + field) + " points " + how + ": " + hex);
  }

  void add(ObjectPlace place) {
    if (place.is_guessed_array) { // only the first is certain
      place.type = parse_type(place.type).element();
      place.size = memory_.size_of(place.type, place.source);
    }
    const uint64_t key = place.offset * 0x9e3779b97f4a7c15 ^ std::hash<std::string>()(place.type);
    if (may_hold_pointers(place.type, place.source) && seen_.insert(key).second)
      queue_.push_back(std::move(place));
  }

  const TypeRegistry &types_;
  const std::vector<PinRecord> &pins_;
  const TypedPointers &memory_;
  Doubts &doubts_;
  std::string where_; // the object that is visited
  std::unordered_set<uint64_t> seen_;
  std::deque<ObjectPlace> queue_;
  uint64_t objects_ = 0, pointers_ = 0;
};

} // namespace

void check_root_sizes(const TypeRegistry &types, const TypedPointers &pointers, Doubts &doubts) {
  for (const auto &[offset, root] : types.roots()) {
    const uint64_t size = pointers.size_of(root.type, root.source);
    if (size != 0 && size != root.size)
      doubts.add("root " + root.key + " has " + std::to_string(root.size) + " bytes, its type " +
                 root.type + " " + std::to_string(size));
  }
}

void check_pointers(const TypeRegistry &types, const std::vector<PinRecord> &pins,
                    const TypedPointers &pointers, PoolFacts &facts, Doubts &doubts) {
  PointerCheck check(types, pins, pointers, doubts);
  check.run();
  facts.add_number("objects", "typed objects", check.objects(), std::to_string(check.objects()));
  facts.add_number("pointers", "typed pointers", check.pointers(),
                   std::to_string(check.pointers()));
}

} // namespace perdure
