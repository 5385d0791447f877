// SPDX-License-Identifier: Apache-2.0
//
// See ledger.h.
#include "ledger.h"
#include "epoch_payload.h"
#include "heap_layout.h"
#include <cstring>
#include <unistd.h>

namespace perdure::crash {

static constexpr uint64_t kPage = SimulatedContents::kPage;

Ledger::Ledger(const Ledger &other) {
  std::lock_guard guard(other.mutex_);
  created_ = other.created();
  closed_ = other.closed();
  acknowledged_ = other.acknowledged_;
  program_epoch_ = other.program_epoch_;
  states_ = other.states_;
}

static void apply_range(Ledger::Pages &pages, const ImageRange &range) {
  const std::vector<std::byte> filled(range.fill ? kPage : 0, *range.data);
  for (uint64_t done = 0; done < range.length;) {
    const uint64_t at = range.offset + done;
    const uint64_t part = std::min(range.length - done, kPage - at % kPage);
    const bool hole = range.fill && *range.data == std::byte{0} && !pages.contains(at / kPage);
    if (!hole)
      patch_pages(pages, at, range.fill ? filled.data() : range.data + done, part);
    done += part;
  }
}

void Ledger::committing(uint64_t epoch, std::span<const std::byte> payload) {
  std::lock_guard guard(mutex_);
  Pages pages = states_.at(epoch - 1);
  EpochPayloadReader reader(payload, kSlotSize);
  for (ImageRange range; reader.next(range);)
    apply_range(pages, range);
  states_[epoch] = std::move(pages);
}

void Ledger::acknowledged(uint64_t epoch) {
  std::lock_guard guard(mutex_);
  acknowledged_ = epoch;
  // No crash leaves an older state; one more is kept for its successor.
  states_.erase(states_.begin(), states_.lower_bound(epoch));
}

void Ledger::found(uint64_t epoch) {
  std::lock_guard guard(mutex_);
  states_.erase(states_.upper_bound(epoch), states_.end());
  acknowledged_ = epoch;
  program_epoch_ = std::min(program_epoch_, epoch);
}

static std::string compare_page(int fd, uint64_t number, const std::byte *expected) {
  std::byte seen[kPage] = {};
  if (pread(fd, seen, kPage, static_cast<off_t>(number * kPage)) < 0)
    return "the image cannot be read";
  for (uint64_t i = 0; i < kPage; ++i)
    if (seen[i] != expected[i])
      return "byte " + std::to_string(number * kPage + i) + " of the image is " +
             std::to_string(static_cast<int>(seen[i])) + ", not " +
             std::to_string(static_cast<int>(expected[i]));
  return "";
}

std::string Ledger::judge(uint64_t epoch, int image_fd) const {
  std::lock_guard guard(mutex_);
  if (epoch < acknowledged_)
    return "epoch " + std::to_string(acknowledged_) +
           " was acknowledged and is lost: " + std::to_string(epoch) + " is the last";
  const auto state = states_.find(epoch);
  if (state == states_.end())
    return "epoch " + std::to_string(epoch) + " was never committed";
  static const SimulatedContents::Page kZeros{};
  for (const auto &[number, page] : state->second)
    if (std::string problem = compare_page(image_fd, number, page->data()); !problem.empty())
      return problem + " (state of epoch " + std::to_string(epoch) + ")";
  for (off_t data = 0; (data = lseek(image_fd, data, SEEK_DATA)) >= 0; data += kPage)
    if (const uint64_t number = static_cast<uint64_t>(data) / kPage;
        !state->second.contains(number))
      if (std::string problem = compare_page(image_fd, number, kZeros.data()); !problem.empty())
        return problem + " (never written before epoch " + std::to_string(epoch) + ")";
  return "";
}

} // namespace perdure::crash
