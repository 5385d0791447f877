// SPDX-License-Identifier: Apache-2.0
//
// The pool's list of pins that its objects may point to: those of the program that ran last, and of
// modules that it loaded later. Behind the type table in the heap metadata, recorded like any other
// store: in the first epoch of a run, and of a module loaded later before it can store a pointer.
// All zero is an empty table. docs/pool_format.md has a worked example.
//
//   PinTableHeader (64 bytes), then entries one behind the other:
//   PinEntry, its two NUL-terminated texts, zeros up to a multiple of 8
#pragma once

#include "heap.h"
#include "type_table.h"
#include <string>
#include <vector>

namespace perdure {

inline constexpr uint64_t kPinTableOffset = kTypeTableEnd;

struct PinTableHeader {
  uint64_t bytes; // of all entries
  uint64_t count;
  uint64_t reserved[6]; // 0
};

// PinEntry::flags: of a module that was loaded after the pool was opened.
inline constexpr uint32_t kPinLate = 1;

struct PinEntry {
  uint64_t address;   // in the pin window
  uint64_t size;      // bytes there that a pointer may lead to
  uint32_t bytes;     // of this entry, with texts
  uint32_t kind;      // enum perdure_pin_kind
  uint32_t flags;     // kPinLate; unknown bits are refused
  uint32_t key;       // texts: offsets from the entry's start
  uint32_t signature; // an empty text: not known
  uint32_t reserved;  // 0
};

static_assert(sizeof(PinTableHeader) == 64 && sizeof(PinEntry) == 40 &&
              offsetof(PinEntry, bytes) == 16 && offsetof(PinEntry, key) == 28);
inline constexpr uint64_t kPinTableBytesMax =
    kMetadataEnd - kPinTableOffset - sizeof(PinTableHeader);

// What the table says of a pin.
struct PinRecord {
  std::string key;
  std::string signature;
  uint64_t address;
  uint64_t size; // bytes
  uint32_t kind; // enum perdure_pin_kind
  bool late;
  bool operator==(const PinRecord &) const = default;
};

inline bool in_pin_window(uint64_t address, uint64_t size) {
  return address >> PERDURE_SLOT_SHIFT == PERDURE_PINS_SLOT && size != 0 &&
         size <= kSlotSize - (address - PERDURE_PINS_BASE);
}

class PinTable {
public:
  PinTable(std::byte *base, HeapHost host) : base_(base), host_(host) {}
  // All entries, in order. Errors: the table is damaged, whatever its bytes.
  Result<std::vector<PinRecord>> read() const;
  // Makes RECORDS the whole table. Nothing is recorded if they are it already. Errors: full; then
  // the table is unchanged.
  Status replace(const std::vector<PinRecord> &records);

private:
  PinTableHeader &header() const {
    return *reinterpret_cast<PinTableHeader *>(base_ + kPinTableOffset);
  }
  std::byte *entries() const { return base_ + kPinTableOffset + sizeof(PinTableHeader); }

  std::byte *base_;
  HeapHost host_;
};

} // namespace perdure
