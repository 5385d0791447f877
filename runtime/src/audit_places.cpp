// SPDX-License-Identifier: Apache-2.0
//
// From an offset to a name; see audit_places.h.
#include "audit_places.h"
#include "heap_format.h"
#include <algorithm>
#include <cinttypes>
#include <cstdio>

namespace perdure {
namespace {

constexpr uint64_t kBlockAlignment = 16;
// Of a run that is taken apart by fields. Whoever writes more than that at once writes objects, not
// their transient fields.
constexpr uint64_t kTakenApartMax = 4096;

// "table.slots[1].key", "pair[2].high" for an element of an array
std::string type_and_path(std::string_view type, const std::string &path) {
  return std::string(type) + (path.empty() || path[0] == '[' ? "" : ".") + path;
}

std::string block_text(uint64_t size, uint64_t begin, uint64_t offset) {
  char text[96];
  std::snprintf(text, sizeof text, "block of %" PRIu64 " bytes at 0x%" PRIx64 ", offset %" PRIu64,
                size, kBase + begin, offset);
  return text;
}

} // namespace

AuditPlaces::AuditPlaces(const Heap &heap) : heap_(heap), objects_(address_of(0), types_, heap) {}

void AuditPlaces::add_root(const perdure_root_info &root) {
  roots_.emplace(offset_of(root.address), root);
}

std::vector<ByteRange> AuditPlaces::regions() const {
  std::vector<ByteRange> regions;
  for (const auto &[offset, root] : roots_)
    regions.push_back({offset, offset + root.size});
  const auto *header = reinterpret_cast<const HeapHeader *>(address_of(kHeapHeaderOffset));
  regions.push_back({kHeapOffset, kHeapOffset + header->frontier * kSegmentSize});
  return regions;
}

bool AuditPlaces::find(uint64_t offset, Object &object) const {
  if (offset >= kHeapOffset) {
    size_t size;
    void *block = heap_.block_of(address_of(offset), &size);
    if (block)
      object = {nullptr, offset_of(block), size};
    return block != nullptr;
  }
  auto after = roots_.upper_bound(offset);
  if (after == roots_.begin())
    return false;
  const auto &[begin, root] = *std::prev(after);
  object = {&root, begin, root.size};
  return offset < begin + root.size;
}

AuditPlaces::Part AuditPlaces::first_part(ByteRange run) const {
  Object object;
  if (!find(run.begin, object))
    return {{run.begin, std::min(run.end, (run.begin / kBlockAlignment + 1) * kBlockAlignment)},
            false};
  run.end = std::min(run.end, object.begin + object.size);
  for (uint64_t i = 0; object.root && i < object.root->volatile_span_count; i++) {
    const perdure_span &span = object.root->volatile_spans[i];
    const uint64_t begin = object.begin + span.offset, end = begin + span.size;
    if (run.begin >= begin && run.begin < end)
      return {{run.begin, std::min(run.end, end)}, false};
    if (run.begin < begin)
      run.end = std::min(run.end, begin);
  }
  return {run, true};
}

// Whether all objects around the byte that are certain, or else the one that begins last, say that
// it is in a transient field. END: where that may be different.
bool AuditPlaces::is_transient_until(uint64_t offset, uint64_t &end) const {
  auto found = objects_.around(offset);
  if (!found.empty() && found[0].certain)
    std::erase_if(found, [](auto &object) { return !object.certain; });
  else if (!found.empty())
    found.erase(found.begin() + 1, found.end());
  end = found.empty() ? offset + 1 : UINT64_MAX;
  for (const ObjectGraph::Found &object : found) {
    if (!is_transient(object.field.type)) {
      end = offset + 1;
      return false;
    }
    end = std::min(end, object.end);
  }
  return !found.empty();
}

std::vector<ByteRange> AuditPlaces::without_transient(ByteRange run) const {
  if (run.begin < kHeapOffset || run.end - run.begin > kTakenApartMax)
    return {run};
  std::vector<ByteRange> parts;
  for (uint64_t at = run.begin; at < run.end;) {
    uint64_t end;
    const bool transient = is_transient_until(at, end);
    end = std::min(end, run.end);
    if (!transient && !parts.empty() && parts.back().end == at)
      parts.back().end = end;
    else if (!transient)
      parts.push_back({at, end});
    at = end;
  }
  return parts;
}

std::string AuditPlaces::name(uint64_t offset) const {
  Object object;
  if (!find(offset, object))
    return "nothing";
  const uint64_t inside = offset - object.begin;
  if (object.root) {
    char text[96];
    std::snprintf(text, sizeof text, ", %" PRIu64 " bytes at 0x%" PRIx64 ", offset %" PRIu64,
                  object.size, kBase + object.begin, inside);
    const RootLayout *root = types_.root_at(object.begin);
    std::string name = "global '" + std::string(object.root->key) + "'" + text;
    if (root && !root->type.empty())
      name +=
          ": " + type_and_path(root->type,
                               types_.field_at(root->type, root->source, root->size, inside).path);
    return name;
  }
  const std::string block = block_text(object.size, object.begin, inside);
  const auto found = objects_.around(offset);
  if (found.empty())
    return "a " + block;
  return "'" + std::string(found[0].type) + "' (" + block + ", reached from '" +
         std::string(found[0].root) + "')" +
         (found[0].field.path.empty() ? "" : ", field '" + found[0].field.path + "'");
}

std::vector<std::string> AuditPlaces::keys(uint64_t offset) const {
  Object object;
  if (!find(offset, object))
    return {};
  const std::string what = object.root ? object.root->key : "block:" + std::to_string(object.size);
  std::vector<std::string> keys = {what + "+" + std::to_string(offset - object.begin)};
  if (object.root)
    return keys;
  for (const ObjectGraph::Found &found : objects_.around(offset)) {
    // Of an array's elements any: their number is of no meaning.
    std::string path = found.field.path;
    if (path.starts_with('['))
      path.erase(0, std::min(path.size(), path.find(']') + 2));
    keys.push_back(type_and_path(found.type, path));
  }
  return keys;
}

} // namespace perdure
