// SPDX-License-Identifier: Apache-2.0
//
// Reading and writing the pin table; see pin_table.h.
#include "pin_table.h"
#include "entry_bytes.h"
#include <algorithm>
#include <cstring>

namespace perdure {
namespace {

Status damaged(const std::string &what) {
  return Status::error("pin table is damaged: " + what + "; restore the pool from a backup");
}

Status damaged(uint64_t index, const char *what) {
  return damaged("entry " + std::to_string(index) + " " + what);
}

void append_entry(const PinRecord &record, std::vector<std::byte> &to) {
  EntryBytes entry(sizeof(PinEntry));
  PinEntry head{};
  head.address = record.address;
  head.size = record.size;
  head.kind = record.kind;
  head.flags = record.late ? kPinLate : 0;
  head.key = entry.add_text(record.key);
  head.signature = entry.add_text(record.signature);
  head.bytes = entry.pad();
  entry.put(0, &head, sizeof head);
  to.insert(to.end(), entry.bytes().begin(), entry.bytes().end());
}

Result<PinRecord> parse(const std::byte *entry, const PinEntry &head, uint64_t index) {
  PinRecord record{"", "", head.address, head.size, head.kind, (head.flags & kPinLate) != 0};
  EntryTexts texts(entry, head.bytes);
  if (!texts.at(head.key, record.key) || record.key.empty() ||
      !texts.at(head.signature, record.signature))
    return damaged(index, "has no proper name");
  if (head.kind < PERDURE_PIN_FUNCTION || head.kind > PERDURE_PIN_VARIABLE ||
      (head.flags & ~kPinLate) != 0 || head.reserved != 0)
    return damaged(index, "is of no known kind");
  if (!in_pin_window(head.address, head.size))
    return damaged(index, "lies outside the pin window");
  return record;
}

} // namespace

Result<std::vector<PinRecord>> PinTable::read() const {
  const PinTableHeader head = header();
  if (head.bytes > kPinTableBytesMax ||
      !std::ranges::all_of(head.reserved, [](uint64_t word) { return word == 0; }))
    return damaged("its header is");
  std::vector<PinRecord> records;
  PinEntry entry;
  for (uint64_t at = 0; at < head.bytes; at += entry.bytes) {
    if (head.bytes - at < sizeof entry)
      return damaged(records.size(), "is cut off");
    std::memcpy(&entry, entries() + at, sizeof entry);
    if (entry.bytes < sizeof entry || entry.bytes % 8 != 0 || entry.bytes > head.bytes - at)
      return damaged(records.size(), "has an impossible length");
    Result<PinRecord> record = parse(entries() + at, entry, records.size());
    if (!record)
      return record.status();
    records.push_back(std::move(*record));
  }
  if (records.size() != head.count)
    return damaged("it counts " + std::to_string(head.count) + " pins and holds " +
                   std::to_string(records.size()));
  return records;
}

Status PinTable::replace(const std::vector<PinRecord> &records) {
  std::vector<std::byte> bytes;
  for (const PinRecord &record : records)
    append_entry(record, bytes);
  if (bytes.size() > kPinTableBytesMax)
    return Status::error("no room in the pool for the names of the program's " +
                         std::to_string(records.size()) +
                         " functions and virtual tables whose address is taken: they need " +
                         std::to_string(bytes.size()) + " bytes of " +
                         std::to_string(kPinTableBytesMax) + "; compile fewer units with perdure");
  PinTableHeader &head = header();
  const bool same = head.bytes == bytes.size() && head.count == records.size();
  if (bytes.empty() ? same : same && std::memcmp(entries(), bytes.data(), bytes.size()) == 0)
    return Status::ok();
  if (!bytes.empty()) {
    std::memcpy(entries(), bytes.data(), bytes.size());
    host_.record(entries(), bytes.size());
  }
  head.bytes = bytes.size();
  head.count = records.size();
  host_.record(&head, 16);
  return Status::ok();
}

} // namespace perdure
