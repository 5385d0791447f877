// SPDX-License-Identifier: Apache-2.0
//
// Shadow, suspects and pointers put together; see auditor.h.
#include "auditor.h"
#include "audit_trap.h"
#include "heap_layout.h"
#include "write_set.h"
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
constexpr uint64_t kShownMax = 16; // bytes of a missed store

uint64_t now_ns() {
  return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch() / 1ns);
}

std::string hex(const std::byte *bytes, uint64_t size) {
  std::string text;
  char digits[4];
  for (uint64_t i = 0; i < std::min(size, kShownMax); i++) {
    std::snprintf(digits, sizeof digits, i ? " %02x" : "%02x", static_cast<unsigned>(bytes[i]));
    text += digits;
  }
  return size > kShownMax ? text + " .." : text;
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
}

void Auditor::taken(const std::vector<uint64_t> &entries) {
  std::lock_guard lock(mutex_);
  for (uint64_t entry : entries) {
    const uint64_t begin = entry_offset(entry), end = begin + entry_size(entry);
    pending_.push_back({begin, end});
    suspects_.recorded(begin, end);
    WriteTrap::recorded(begin, end);
  }
}

void Auditor::absorb() {
  for (const ByteRange &range : pending_) {
    shadow_->copy(range.begin, range.end);
    scan(range.begin, range.end);
  }
  pending_.clear();
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
  absorb();
  cuts_++;
  const uint64_t now = now_ns();
  compared_ = options_.every ? cuts_ % options_.every == 0 : now >= next_comparison_ns_;
  if (!compared_)
    return;
  compare(now);
  const uint64_t took = now_ns() - now;
  next_comparison_ns_ = now + took + std::max(kPaceMinNs, took * kPace);
}

// With mutators running: naming things takes locks that they may hold.
void Auditor::after_cut() {
  std::lock_guard lock(mutex_);
  if (!compared_)
    return;
  compared_ = false;
  report_stores();
  report_pointers(now_ns(), kLastingNs);
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
    const uint64_t size = range.end - range.begin;
    missed_.push_back(
        {range, hex(shadow_->at(range.begin), size), hex(address_of(range.begin), size)});
    shadow_->copy(range.begin, range.end); // seen; from now on only a change is a difference
  }
}

// --- Findings ---

void Auditor::report_stores() {
  for (const MissedStore &store : missed_) {
    const uint64_t begin = store.range.begin, end = store.range.end;
    report_.finding(AuditReport::Kind::kMissedStore, begin, places_.key(begin),
                    "missed store at " + hex(kBase + begin) + "+" + std::to_string(end - begin) +
                        " in " + places_.name(begin) + "; recorded " + store.recorded +
                        ", memory " + store.memory + writers_of(begin, end));
  }
  missed_.clear();
}

void Auditor::report_pointers(uint64_t now_ns, uint64_t age_ns) {
  if (pointers_.empty())
    return;
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
    if (now_ns - suspect.since_ns < age_ns) {
      ++next;
      continue;
    }
    report_.finding(AuditReport::Kind::kDanglingPointer, word, places_.key(word),
                    "dangling pointer at " + hex(kBase + word) + " in " + places_.name(word) +
                        ": " + hex(value) + " points to " + map_.describe(value));
    next = pointers_.erase(next);
  }
}

// --- Exit ---

void Auditor::at_exit(void (*take_pending)()) {
  for (int round = 0; round < kExitRounds; round++) {
    if (round != 0)
      std::this_thread::sleep_for(kExitPause);
    take_pending();
    std::lock_guard lock(mutex_);
    absorb();
    compare(now_ns());
    report_stores();
    if (suspects_.empty())
      break;
  }
  std::lock_guard lock(mutex_);
  report_pointers(now_ns(), 0); // still there at the end
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
