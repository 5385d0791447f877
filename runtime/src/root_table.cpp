// SPDX-License-Identifier: Apache-2.0
//
// Root table: a count, then that many entries. All zero is an empty table, so it needs no format.
#include "root_table.h"
#include "heap_format.h"
#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

namespace perdure {

struct RootTable::Header {
  uint64_t count;
  uint64_t reserved[15];
};

static_assert(sizeof(RootEntry) == 128 && offsetof(RootEntry, offset) == 104 &&
              offsetof(RootEntry, size) == 112 && offsetof(RootEntry, type) == 120);

namespace {

constexpr uint64_t kHeaderSize = 128;
constexpr uint64_t kRootCountMax = 32768;
static_assert(kRootTableOffset + kHeaderSize + kRootCountMax * sizeof(RootEntry) <= kMetadataEnd);

bool in_root_window(uint64_t offset, uint64_t size) {
  return size != 0 && offset >= kRootsOffset && offset <= kHeapOffset &&
         size <= kHeapOffset - offset;
}

} // namespace

RootTable::Header &RootTable::header() const {
  static_assert(sizeof(Header) == kHeaderSize);
  return *reinterpret_cast<Header *>(base_ + kRootTableOffset);
}

RootEntry *RootTable::entries() const {
  return reinterpret_cast<RootEntry *>(base_ + kRootTableOffset + kHeaderSize);
}

size_t RootTable::count() const { return std::min(header().count, kRootCountMax); }

const RootEntry &RootTable::at(size_t index) const { return entries()[index]; }

const RootEntry *RootTable::find(std::string_view key) const {
  for (size_t i = 0; i < count(); ++i)
    if (key == std::string_view(at(i).key, strnlen(at(i).key, sizeof at(i).key)))
      return &at(i);
  return nullptr;
}

const RootEntry *RootTable::overlapping(uint64_t offset, uint64_t size) const {
  for (size_t i = 0; i < count(); ++i)
    if (offset < at(i).offset + at(i).size && at(i).offset < offset + size)
      return &at(i);
  return nullptr;
}

Status RootTable::add(std::string_view key, uint64_t offset, uint64_t size) {
  std::string name(key);
  if (key.empty() || key.size() >= sizeof(RootEntry::key))
    return Status::error("persistent global '" + name +
                         "': its key must have 1 to 103 characters"
                         "; rename the global or its file");
  if (find(key))
    return Status::error("persistent global '" + name + "' is in the pool already");
  if (!in_root_window(offset, size))
    return Status::error("persistent global '" + name +
                         "' lies outside the root window; "
                         "recompile it with this perdure");
  if (const RootEntry *other = overlapping(offset, size))
    return Status::error("persistent global '" + name + "' overlaps '" + other->key +
                         "' in the pool; rename one of them");
  if (count() == kRootCountMax)
    return Status::error("persistent global '" + name + "': the pool holds " +
                         std::to_string(kRootCountMax) + " persistent globals already");
  RootEntry &entry = entries()[count()];
  entry = {};
  std::memcpy(entry.key, key.data(), key.size());
  entry.offset = offset;
  entry.size = size;
  host_.record(&entry, sizeof entry);
  ++header().count;
  host_.record(&header().count, sizeof(uint64_t));
  return Status::ok();
}

void RootTable::set_type(const RootEntry &entry, uint64_t type) {
  RootEntry &changed = entries()[&entry - entries()];
  changed.type = type;
  host_.record(&changed.type, sizeof changed.type);
}

Status RootTable::check() const {
  auto unsound = [](size_t i, const char *what) {
    return Status::error("root table is damaged: entry " + std::to_string(i) + " " + what +
                         "; restore the pool from a backup");
  };
  if (header().count > kRootCountMax)
    return Status::error("root table is damaged: it counts more entries than it can hold; "
                         "restore the pool from a backup");
  for (uint64_t word : header().reserved)
    if (word != 0)
      return Status::error("root table is damaged: reserved header bytes are not zero; restore "
                           "the pool from a backup");
  for (size_t i = 0; i < count(); ++i) {
    const RootEntry &entry = at(i);
    if (entry.key[0] == 0 || entry.key[sizeof entry.key - 1] != 0)
      return unsound(i, "has no proper key");
    if (!in_root_window(entry.offset, entry.size))
      return unsound(i, "lies outside the root window");
  }
  std::vector<size_t> order(count());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](size_t i) { return at(i).offset; });
  for (size_t i = 1; i < order.size(); ++i)
    if (at(order[i]).offset - at(order[i - 1]).offset < at(order[i - 1]).size)
      return unsound(std::max(order[i], order[i - 1]), "overlaps an earlier one");
  return Status::ok();
}

} // namespace perdure
