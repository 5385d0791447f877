// SPDX-License-Identifier: Apache-2.0
//
// Shadow, suspects and pointers put together; see auditor.h.
#include "auditor.h"
#include "audit_trap.h"
#include "heap_layout.h"
#include "write_set.h"
#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <thread>
#include <unistd.h>

namespace perdure {
namespace {

using namespace std::chrono_literals;

// A thread can lose its processor between a store and its hook; hardly for so long.
constexpr uint64_t kLastingNs = 200'000'000;
constexpr auto kExitPause = 110ms;
constexpr int kExitRounds = 3;
// Without every=N: comparing takes at most a part of the time.
constexpr uint64_t kPace = 5, kPaceMinNs = 100'000'000;
constexpr size_t kRunsMax = 100'000;
constexpr size_t kPointersMax = 1 << 20;
constexpr uint64_t kShownMax = 16;  // bytes of a missed store
constexpr uint64_t kKeptMax = 4096; // part of it may be of no interest

uint64_t now_ns() {
  return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch() / 1ns);
}

// SIZE bytes behind OFFSET, of which only the first may have been kept.
std::string hex(const std::vector<std::byte> &kept, uint64_t offset, uint64_t size) {
  std::string text;
  char digits[4];
  const uint64_t shown = std::min({size, kShownMax, kept.size() - std::min(offset, kept.size())});
  for (uint64_t i = 0; i < shown; i++) {
    std::snprintf(digits, sizeof digits, i ? " %02x" : "%02x",
                  static_cast<unsigned>(kept[offset + i]));
    text += digits;
  }
  return size > shown ? text + " .." : text;
}

std::string hex(uint64_t value) {
  char text[32];
  std::snprintf(text, sizeof text, "0x%" PRIx64, value);
  return text;
}

// Whether VALUE can be an address of volatile memory that moves with the next start. Below 4 GiB
// lie only programs that do not move; a number there is far more likely.
bool may_dangle(uint64_t value) {
  const uint64_t slot = value >> PERDURE_SLOT_SHIFT;
  return value >> 32 != 0 && value >> 47 == 0 && slot != PERDURE_SLOT && slot != PERDURE_PINS_SLOT;
}

// "", or what trap=... found.
std::string writers_of(uint64_t begin, uint64_t end) {
  std::string text;
  for (const std::string &writer : WriteTrap::writers(begin, end))
    text += "\nperdure: audit:   written by " + writer;
  return text;
}

} // namespace

Result<std::unique_ptr<Auditor>> Auditor::start(std::string_view spec, int image_fd,
                                                uint64_t image_bytes, uint64_t limit,
                                                const Heap &heap) {
  auto options = parse_audit_options(spec);
  if (!options)
    return options.status();
  auto report = AuditReport::open(*options);
  if (!report)
    return report.status();
  auto shadow = Shadow::map(image_fd, image_bytes, limit);
  if (!shadow)
    return shadow.status();
  return std::unique_ptr<Auditor>(
      new Auditor(std::move(*options), std::move(*report), std::move(*shadow), heap));
}

Auditor::Auditor(AuditOptions options, AuditReport report, std::unique_ptr<Shadow> shadow,
                 const Heap &heap)
    : options_(std::move(options)), report_(std::move(report)), shadow_(std::move(shadow)),
      places_(heap), suspects_(kLastingNs) {}

void Auditor::add_root(const perdure_root_info &root) {
  std::lock_guard lock(mutex_);
  places_.add_root(root);
}

void Auditor::add_types(const perdure_module_info &module) {
  std::lock_guard lock(mutex_);
  places_.add_types(module);
}

void Auditor::start_traps() const {
  if (!options_.traps.empty() && !WriteTrap::started())
    WriteTrap::start(options_.traps);
}

// --- What is recorded ---

// A block that dies young may never have been recorded (the buffers a string leaves behind while it
// grows); whoever gets it next has not missed a store.
void Auditor::allocated(const void *block, size_t size) {
  std::lock_guard lock(mutex_);
  const uint64_t begin = offset_of(block);
  shadow_->copy(begin, begin + size);
  suspects_.recorded(begin, begin + size);
  std::erase_if(missed_, [&](const MissedStore &store) {
    return begin < store.range.end && store.range.begin < begin + size;
  });
}

void Auditor::taken(const std::vector<uint64_t> &entries) {
  std::lock_guard lock(mutex_);
  for (uint64_t entry : entries) {
    const uint64_t begin = entry_offset(entry), end = begin + entry_size(entry);
    shadow_->copy(begin, end);
    scan(begin, end);
    suspects_.recorded(begin, end);
    WriteTrap::recorded(begin, end);
  }
}

void Auditor::scan(uint64_t begin, uint64_t end) {
  if (begin < kRootsOffset) // the heap's own
    return;
  for (uint64_t word = (begin + 7) & ~uint64_t{7}; word + 8 <= end; word += 8) {
    uint64_t value;
    std::memcpy(&value, shadow_->at(word), sizeof value);
    auto known = pointers_.empty() ? pointers_.end() : pointers_.find(word);
    if (known != pointers_.end() && known->second.value == value)
      continue;
    if (known != pointers_.end())
      pointers_.erase(known);
    if (may_dangle(value) && pointers_.size() < kPointersMax)
      pointers_[word] = {value, 0};
  }
}

// --- At a cut ---

void Auditor::at_cut() {
  std::lock_guard lock(mutex_);
  cuts_++;
  const uint64_t now = now_ns();
  compared_ = options_.every ? cuts_ % options_.every == 0 : now >= next_comparison_ns_;
  if (!compared_)
    return;
  compare(now);
  comparison_ns_ = now_ns() - now;
}

// With mutators running: naming things takes locks that they may hold.
void Auditor::after_cut() {
  std::lock_guard lock(mutex_);
  if (!compared_)
    return;
  compared_ = false;
  const uint64_t now = now_ns();
  report(now, kLastingNs);
  const uint64_t end = now_ns(), took = comparison_ns_ + end - now;
  next_comparison_ns_ = end + std::max(kPaceMinNs, took * kPace);
}

void Auditor::compare(uint64_t now_ns) {
  comparisons_++;
  std::vector<ByteRange> differing, owned;
  for (const ByteRange &region : places_.regions())
    shadow_->differences(region.begin, region.end, differing);
  for (ByteRange run : differing) {
    while (run.begin < run.end && owned.size() < kRunsMax) {
      const AuditPlaces::Part part = places_.first_part(run);
      if (part.owned)
        owned.push_back(part.range);
      run.begin = part.range.end;
    }
  }
  for (const ByteRange &range : suspects_.compared(owned, now_ns)) {
    const uint64_t kept = std::min(range.end - range.begin, kKeptMax);
    const std::byte *recorded = shadow_->at(range.begin), *memory = address_of(range.begin);
    missed_.push_back({range, {recorded, recorded + kept}, {memory, memory + kept}});
    shadow_->copy(range.begin, range.end); // seen; from now on only a change is a difference
  }
}

// --- Findings ---

void Auditor::report(uint64_t now_ns, uint64_t pointer_age_ns) {
  std::erase_if(missed_, [&](const MissedStore &store) {
    const uint64_t begin = store.range.begin;
    return report_.is_known(AuditReport::Kind::kMissedStore, begin) ||
           !places_.first_part({begin, begin + 1}).owned; // freed since
  });
  const std::vector<uint64_t> pointers = lasting_pointers(now_ns, pointer_age_ns);
  if (missed_.empty() && pointers.empty())
    return;
  places_.find_objects();
  for (const MissedStore &store : missed_)
    for (const ByteRange &part : places_.without_transient(store.range))
      report_store(store, part);
  missed_.clear();
  for (const uint64_t word : pointers) {
    const uint64_t value = pointers_[word].value;
    pointers_.erase(word);
    if (!places_.without_transient({word, word + 8}).empty())
      report_.finding(AuditReport::Kind::kDanglingPointer, word, places_.keys(word),
                      "dangling pointer at " + hex(kBase + word) + " in " + places_.name(word) +
                          ": " + hex(value) + " points to " + map_.describe(value));
  }
  places_.forget_objects();
}

void Auditor::report_store(const MissedStore &store, ByteRange part) {
  const uint64_t size = part.end - part.begin, skipped = part.begin - store.range.begin;
  report_.finding(AuditReport::Kind::kMissedStore, part.begin, places_.keys(part.begin),
                  "missed store at " + hex(kBase + part.begin) + "+" + std::to_string(size) +
                      " in " + places_.name(part.begin) + "; recorded " +
                      hex(store.recorded, skipped, size) + ", memory " +
                      hex(store.memory, skipped, size) + writers_of(part.begin, part.end));
}

// The words that have held an address of volatile memory for so long, in order.
std::vector<uint64_t> Auditor::lasting_pointers(uint64_t now_ns, uint64_t age_ns) {
  std::vector<uint64_t> words;
  if (pointers_.empty())
    return words;
  map_.refresh();
  for (auto next = pointers_.begin(); next != pointers_.end();) {
    auto &[word, suspect] = *next;
    uint64_t value;
    std::memcpy(&value, address_of(word), sizeof value);
    const AuditPlaces::Part part = places_.first_part({word, word + 8});
    if (value != suspect.value || !part.owned || shadow_->holds(value) || !map_.contains(value)) {
      next = pointers_.erase(next);
      continue;
    }
    if (suspect.since_ns == 0)
      suspect.since_ns = now_ns;
    if (now_ns - suspect.since_ns >= age_ns)
      words.push_back(word);
    ++next;
  }
  std::ranges::sort(words);
  return words;
}

// --- Exit ---

void Auditor::at_exit(void (*take_pending)()) {
  for (int round = 0; round < kExitRounds; round++) {
    if (round != 0)
      std::this_thread::sleep_for(kExitPause);
    take_pending();
    std::lock_guard lock(mutex_);
    compare(now_ns());
    if (suspects_.empty())
      break;
  }
  std::lock_guard lock(mutex_);
  report(now_ns(), 0); // pointers: still there at the end
}

void Auditor::finish() {
  const uint64_t stores = report_.count(AuditReport::Kind::kMissedStore);
  const uint64_t pointers = report_.count(AuditReport::Kind::kDanglingPointer);
  report_.print(std::to_string(stores) + " missed stores, " + std::to_string(pointers) +
                " dangling pointers, " + std::to_string(report_.suppressed()) + " suppressed; " +
                std::to_string(comparisons_) + " comparisons, " + std::to_string(cuts_) + " cuts");
  if (options_.action != AuditOptions::Action::kFail || stores + pointers == 0)
    return;
  std::fflush(nullptr);
  _exit(kAuditExitStatus);
}

} // namespace perdure
