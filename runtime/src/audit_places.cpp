// SPDX-License-Identifier: Apache-2.0
//
// From an offset to a name; see audit_places.h.
#include "audit_places.h"
#include "heap_format.h"
#include <cinttypes>
#include <cstdio>

namespace perdure {
namespace {

constexpr uint64_t kBlockAlignment = 16;

} // namespace

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

std::string AuditPlaces::name(uint64_t offset) const {
  Object object;
  if (!find(offset, object))
    return "nothing";
  char text[96];
  const uint64_t inside = offset - object.begin;
  if (!object.root) {
    std::snprintf(text, sizeof text,
                  "a block of %" PRIu64 " bytes at 0x%" PRIx64 ", offset %" PRIu64, object.size,
                  kBase + object.begin, inside);
    return text;
  }
  std::string name = "global '" + std::string(object.root->key) + "'";
  std::snprintf(text, sizeof text, ", %" PRIu64 " bytes at 0x%" PRIx64 ", offset %" PRIu64,
                object.size, kBase + object.begin, inside);
  name += text;
  const RootLayout *root = types_.root_at(object.begin);
  if (root && !root->type.empty()) {
    const std::string path = types_.field_at(root->type, root->source, root->size, inside).path;
    name += ": " + root->type + (path.empty() || path[0] == '[' ? "" : ".") + path;
  }
  return name;
}

std::string AuditPlaces::key(uint64_t offset) const {
  Object object;
  if (!find(offset, object))
    return "";
  const std::string what = object.root ? object.root->key : "block:" + std::to_string(object.size);
  return what + "+" + std::to_string(offset - object.begin);
}

} // namespace perdure
