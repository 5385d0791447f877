// SPDX-License-Identifier: Apache-2.0
//
// See stored_pins.h.
#include "stored_pins.h"
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>

namespace perdure {
namespace {

constexpr size_t kLinesMax = 20;

bool fits(const PinRecord &known, const Pin *pin) {
  return pin && pin->record.key == known.key && pin->record.kind == known.kind &&
         (pin->record.signature == known.signature || pin->record.signature.empty() ||
          known.signature.empty());
}

class Search {
public:
  explicit Search(const std::vector<PinRecord> &unfit) {
    for (const PinRecord &record : unfit)
      found_.push_back({&record, 0, ""});
    std::ranges::sort(found_, {}, [](const Found &found) { return found.record->address; });
  }

  struct Found {
    const PinRecord *record;
    uint64_t objects; // that hold a pointer to it
    std::string first;
  };

  // Looks at every byte, since packed objects keep pointers anywhere. NAME(offset) says where.
  template <typename Name> void scan(const std::byte *object, uint64_t size, Name &&name) {
    constexpr uint32_t kSlot = PERDURE_PINS_SLOT; // bytes 5 to 7 of an address
    std::vector<const Found *> seen;
    for (uint64_t at = 0; at + 8 <= size; at++) {
      uint32_t top;
      std::memcpy(&top, object + at + 4, sizeof top);
      if (top >> 8 != kSlot)
        continue;
      uint64_t word;
      std::memcpy(&word, object + at, sizeof word);
      Found *found = target_of(word);
      if (!found || std::ranges::find(seen, found) != seen.end())
        continue;
      seen.push_back(found);
      if (found->objects++ == 0)
        found->first = name(at);
    }
  }

  const std::vector<Found> &found() const { return found_; }

private:
  Found *target_of(uint64_t word) {
    auto after = std::ranges::upper_bound(found_, word, {},
                                          [](const Found &found) { return found.record->address; });
    if (after == found_.begin())
      return nullptr;
    Found &found = *std::prev(after);
    return word - found.record->address < found.record->size ? &found : nullptr;
  }

  std::vector<Found> found_;
};

std::string block_text(const void *block, uint64_t size, uint64_t offset, const std::byte *base) {
  char text[96];
  std::snprintf(text, sizeof text, "block 0x%" PRIx64 ", %" PRIu64 " bytes, offset %" PRIu64,
                kBase + static_cast<uint64_t>(static_cast<const std::byte *>(block) - base), size,
                offset);
  return text;
}

std::string line_of(const Search::Found &found, const Pins &program) {
  const PinRecord &record = *found.record;
  std::string text = "'" + name_of_pin(record.key) + "' is stored in " +
                     std::to_string(found.objects) + (found.objects == 1 ? " object" : " objects") +
                     " (first: " + found.first + "), but ";
  const Pin *pin = program.at(record.address);
  if (!pin || pin->record.key != record.key)
    return text + "this program has no " + kind_of_pin(record.kind) + " of that name";
  return text + "it was '" + record.signature + "' and is '" + pin->record.signature + "'";
}

} // namespace

std::vector<PinRecord> unfit_pins(const std::vector<PinRecord> &known, const Pins &program) {
  std::vector<PinRecord> unfit;
  for (const PinRecord &record : known) {
    const Pin *pin = program.around(record.address);
    if (!(record.late && !pin) && !fits(record, pin))
      unfit.push_back(record);
  }
  return unfit;
}

Status check_not_stored(const std::string &path, const std::vector<PinRecord> &unfit,
                        const Pins &program, const std::byte *base, const Heap &heap,
                        std::span<const StoredSpan> roots) {
  if (unfit.empty())
    return Status::ok();
  Search search(unfit);
  for (const StoredSpan &span : roots)
    search.scan(base + span.offset, span.size, [&](uint64_t at) {
      return "global '" + span.owner + "', offset " + std::to_string(span.offset + at - span.begin);
    });
  heap.for_each_block([&](void *block, size_t size) {
    search.scan(static_cast<const std::byte *>(block), size,
                [&](uint64_t at) { return block_text(block, size, at, base); });
  });
  std::string text;
  size_t lines = 0;
  for (const Search::Found &found : search.found())
    if (found.objects != 0 && lines++ < kLinesMax)
      text += "\n  " + line_of(found, program);
  if (lines == 0)
    return Status::ok();
  if (lines > kLinesMax)
    text += "\n  ... and " + std::to_string(lines - kLinesMax) + " more";
  return Status::error("pool '" + path +
                       "' holds pointers that lead nowhere in this program:" + text +
                       "\nRun the program that made the pool, or give this one what it lacks.");
}

} // namespace perdure
