// SPDX-License-Identifier: Apache-2.0
//
// Reading and adding type layouts; see type_table.h.
#include "type_table.h"
#include "entry_bytes.h"
#include <algorithm>
#include <cstring>
#include <set>

namespace perdure {
namespace {

Status damaged(uint64_t index, const char *what) {
  return Status::error("type table is damaged: entry " + std::to_string(index) + " " + what +
                       "; restore the pool from a backup");
}

std::vector<std::byte> entry_of(const TypeLayout &type) {
  EntryBytes entry(sizeof(TypeEntry) + type.fields.size() * sizeof(TypeFieldEntry));
  TypeEntry head{};
  head.fields = static_cast<uint32_t>(type.fields.size());
  head.size = type.size;
  head.name = entry.add_text(type.name);
  head.source = entry.add_text(type.source);
  for (size_t i = 0; i < type.fields.size(); ++i) {
    const FieldLayout &field = type.fields[i];
    const uint32_t name = entry.add_text(field.name);
    const TypeFieldEntry row{field.offset, field.size, name, entry.add_text(field.type)};
    entry.put(sizeof head + i * sizeof row, &row, sizeof row);
  }
  head.bytes = entry.pad();
  entry.put(0, &head, sizeof head);
  return std::move(entry.bytes());
}

Result<TypeLayout> parse(const std::byte *entry, const TypeEntry &head, uint64_t index) {
  if (head.fields > (head.bytes - sizeof head) / sizeof(TypeFieldEntry))
    return damaged(index, "has more fields than bytes");
  TypeLayout type;
  type.size = head.size;
  EntryTexts texts(entry, head.bytes);
  if (!texts.at(head.name, type.name) || type.name.empty() || !texts.at(head.source, type.source))
    return damaged(index, "has no proper name");
  for (uint32_t i = 0; i < head.fields; ++i) {
    TypeFieldEntry row;
    std::memcpy(&row, entry + sizeof head + i * sizeof row, sizeof row);
    FieldLayout field{"", row.offset, row.size, ""};
    if (!texts.at(row.name, field.name) || !texts.at(row.type, field.type))
      return damaged(index, "has a field without proper name or type");
    if (row.offset > head.size || row.size > head.size - row.offset)
      return damaged(index, "has a field that leaves the object");
    type.fields.push_back(std::move(field));
  }
  return type;
}

// Whether TYPE, in the words of SOURCE, leads to one that another module has a different one of.
bool leads_to_namesake(const TypeRegistry &program, const std::string &type,
                       const std::string &source, std::set<const TypeLayout *> &seen) {
  const TypeLayout *layout = program.find(base_of(type), source);
  if (!layout || !seen.insert(layout).second)
    return false;
  return !layout->source.empty() || std::ranges::any_of(layout->fields, [&](auto &field) {
    return leads_to_namesake(program, field.type, source, seen);
  });
}

// The entry of a root's type. It names the module if the names in it, or below, mean that module's.
TypeLayout root_type(const TypeRegistry &program, const RootLayout &root) {
  const TypeLayout *layout = program.find(root.type, root.source);
  // A root that is no record has an entry without fields.
  TypeLayout type = layout ? *layout : TypeLayout{root.type, "", root.size, {}};
  std::set<const TypeLayout *> seen;
  if (leads_to_namesake(program, root.type, root.source, seen))
    type.source = root.source;
  return type;
}

} // namespace

Result<std::vector<TypeLayout>> TypeTable::read() const {
  const TypeTableHeader head = header();
  if (head.bytes > kTypeTableBytesMax ||
      !std::ranges::all_of(head.reserved, [](uint64_t word) { return word == 0; }))
    return Status::error("type table is damaged: its header is; restore the pool from a backup");
  const std::byte *begin = base_ + kTypeTableOffset + sizeof head;
  std::vector<TypeLayout> types;
  uint64_t at = 0;
  for (; at < head.bytes; at += reinterpret_cast<const TypeEntry *>(begin + at)->bytes) {
    if (head.bytes - at < sizeof(TypeEntry))
      return damaged(types.size(), "is cut off");
    TypeEntry entry;
    std::memcpy(&entry, begin + at, sizeof entry);
    if (entry.bytes < sizeof entry || entry.bytes % 8 != 0 || entry.bytes > head.bytes - at)
      return damaged(types.size(), "has an impossible length");
    Result<TypeLayout> type = parse(begin + at, entry, types.size());
    if (!type)
      return type.status();
    types.push_back(std::move(*type));
  }
  if (types.size() != head.count)
    return Status::error("type table is damaged: it counts " + std::to_string(head.count) +
                         " types and holds " + std::to_string(types.size()) +
                         "; restore the pool from a backup");
  return types;
}

Status TypeTable::add(const TypeLayout &type) {
  const std::vector<std::byte> entry = entry_of(type);
  if (entry.size() > kTypeTableBytesMax - header().bytes)
    return Status::error("no room in the pool for the layout of '" + type.name +
                         "': its types take more than " + std::to_string(kTypeTableBytesMax) +
                         " bytes; make fewer types persistent");
  std::byte *to = base_ + kTypeTableOffset + sizeof(TypeTableHeader) + header().bytes;
  std::memcpy(to, entry.data(), entry.size());
  host_.record(to, entry.size());
  header().bytes += entry.size();
  header().count++;
  host_.record(&header(), 16);
  return Status::ok();
}

Result<TypeRegistry> read_layouts(std::byte *base) {
  RootTable roots(base, kReadOnlyHost);
  if (Status status = roots.check(); !status)
    return status;
  Result<std::vector<TypeLayout>> types = TypeTable(base, kReadOnlyHost).read();
  if (!types)
    return types.status();
  TypeRegistry registry;
  std::set<uint64_t> of_roots;
  for (size_t i = 0; i < roots.count(); ++i)
    of_roots.insert(roots.at(i).type);
  for (size_t i = 0; i < types->size(); ++i)
    if (const TypeLayout &type = (*types)[i]; !type.fields.empty() || !of_roots.contains(i + 1))
      registry.add(type, type.source); // else the text of a root that is no record
  for (size_t i = 0; i < roots.count(); ++i) {
    const RootEntry &root = roots.at(i);
    if (root.type > types->size())
      return Status::error("root table is damaged: entry " + std::to_string(i) +
                           " has a type that does not exist; restore the pool from a backup");
    RootLayout layout{root.key, root.offset, root.size, "", ""};
    if (root.type != 0) {
      layout.type = (*types)[root.type - 1].name;
      layout.source = (*types)[root.type - 1].source;
    }
    registry.add_root(std::move(layout));
  }
  return registry;
}

Status store_layouts(std::byte *base, HeapHost host, const TypeRegistry &program) {
  TypeTable table(base, host);
  Result<std::vector<TypeLayout>> known = table.read();
  if (!known)
    return known.status();
  // Number of a type in the table, from 1.
  std::map<std::pair<std::string, std::string>, uint64_t> numbers;
  uint64_t count = 0;
  for (const TypeLayout &type : *known)
    numbers.try_emplace({type.name, type.source}, ++count);
  auto number_of = [&](const TypeLayout &type, uint64_t &number) {
    auto [found, is_new] = numbers.try_emplace({type.name, type.source}, table.count() + 1);
    number = found->second;
    return is_new ? table.add(type) : Status::ok();
  };
  uint64_t number;
  for (const TypeLayout &type : program.types())
    if (Status status = number_of(type, number); !status)
      return status;
  RootTable roots(base, host);
  for (const auto &[offset, root] : program.roots()) {
    const RootEntry *entry = roots.find(root.key);
    if (!entry || entry->type != 0 || root.type.empty())
      continue;
    if (Status status = number_of(root_type(program, root), number); !status)
      return status;
    roots.set_type(*entry, number);
  }
  return Status::ok();
}

} // namespace perdure
