// SPDX-License-Identifier: Apache-2.0
#include "line_set.h"
#include "check.h"
#include "deliberate_race.h"
#include "heap_layout.h"
#include <bit>

namespace perdure {
namespace {

constexpr uint64_t kJoinGap = 32; // bytes; a few more cost less than one more range

// Bits FIRST to LAST - 1 of a line.
uint64_t bits(uint64_t first, uint64_t last) {
  return (last - first == 64 ? ~0ull : (1ull << (last - first)) - 1) << first;
}

// Mutators may store to the line meanwhile: each word is read once. A copy that such a store fell
// into is never used: the store's entry comes after it, so the line is copied again (line_set.h).
// The builtin, because a function called from here would be instrumented.
PERDURE_DELIBERATE_RACE void copy_line(std::byte *to, std::byte *from) {
  auto *source = reinterpret_cast<uint64_t *>(from);
  auto *target = reinterpret_cast<uint64_t *>(to);
  for (int word = 0; word < 8; word++)
    target[word] = __atomic_load_n(&source[word], __ATOMIC_RELAXED);
}

} // namespace

void LineSet::prefetch(uint64_t number) { __builtin_prefetch(address_of(number * kLine)); }

void LineSet::insert(Bucket &bucket, uint64_t number, uint64_t written) {
  PERDURE_CHECK(lines_.size() < ~0u, "more than four billion lines written in one epoch");
  auto &[latest, oldest] = bucket.lines;
  if (is_current(oldest))
    lines_[oldest.index].written = oldest.written;
  oldest = latest;
  const auto index = static_cast<uint32_t>(lines_.size());
  lines_.push_back({number, written});
  added_.push_back(index);
  latest = {generation_ << kNumberBits | number, written, index, round_};
  prefetch(number);
}

void LineSet::add_lines(uint64_t begin, uint64_t end) {
  for (uint64_t number = begin / kLine; number * kLine < end; number++) {
    const uint64_t start = number * kLine;
    const uint64_t first = begin > start ? begin - start : 0;
    const uint64_t last = end - start < kLine ? end - start : kLine;
    touch(number, bits(first, last));
  }
}

void LineSet::forget(uint64_t begin, uint64_t end) {
  for (uint64_t number = begin / kLine; number * kLine < end; number++) {
    const uint64_t start = number * kLine;
    const uint64_t first = begin > start ? begin - start : 0;
    const uint64_t last = end - start < kLine ? end - start : kLine;
    for (Recent &line : recent_[bucket_of(number)].lines)
      if (line.tag == (generation_ << kNumberBits | number))
        line.written &= ~bits(first, last);
  }
}

void LineSet::copy_added() {
  if (copies_.size() < lines_.size())
    copies_.resize(lines_.size());
  for (uint32_t index : added_)
    copy_line(copies_[index].bytes, address_of(lines_[index].number * kLine));
  added_.clear();
  round_++;
}

// Takes over from the cache what was written to the lines that it has not forgotten.
void LineSet::remember() {
  for (size_t index = 0; index < lines_.size(); index++) {
    Line &line = lines_[index];
    for (const Recent &recent : recent_[bucket_of(line.number)].lines)
      if (recent.index == index && is_current(recent))
        line.written = recent.written;
  }
}

void LineSet::append_to(EpochRecord &record) {
  remember();
  // The range being built: copies of neighbouring lines are neighbours too if their indexes are.
  uint64_t begin = 0, end = 0; // offsets from the base
  const std::byte *data = nullptr;
  const std::byte *data_end = nullptr; // where END's byte would be
  for (size_t index = 0; index < lines_.size(); index++) {
    const uint64_t start = lines_[index].number * kLine;
    const std::byte *bytes = copies_[index].bytes;
    uint64_t written = lines_[index].written;
    while (written != 0) {
      const auto first = static_cast<uint64_t>(std::countr_zero(written));
      const auto last = first + static_cast<uint64_t>(std::countr_one(written >> first));
      written = last == kLine ? 0 : written & ~bits(0, last);
      const uint64_t gap = start + first - end; // huge if the line lies before
      if (data && gap <= kJoinGap && bytes + first == data_end + gap) {
        end = start + last;
        data_end = bytes + last;
        continue;
      }
      if (data)
        record.add(begin, data, end - begin);
      begin = start + first;
      end = start + last;
      data = bytes + first;
      data_end = bytes + last;
    }
  }
  if (data)
    record.add(begin, data, end - begin);
}

void LineSet::clear() {
  constexpr size_t kKept = 1ull << 15; // lines; what a rare large epoch took goes back
  if (lines_.size() > kKept) {
    lines_ = {};
    copies_ = {};
    added_ = {};
  }
  lines_.clear();
  added_.clear();
  if (++generation_ >> (64 - kNumberBits) != 0) {
    recent_.fill({});
    generation_ = 1;
  }
}

} // namespace perdure
