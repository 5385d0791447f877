// SPDX-License-Identifier: Apache-2.0
//
// Merging and writing a batch of epochs; see image_writer.h.
#include "image_writer.h"
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace perdure {
namespace {

constexpr uint64_t kWindow = 64 << 10; // 2^24 in a slot of 1 TiB: what a Piece counts
constexpr uint64_t kPage = 4096;
// Bytes given to the device at once: what a commit of the log finds in its way.
constexpr uint64_t kPortion = 256 << 10;
constexpr uint64_t kWordBits = 64;
constexpr size_t kAhead = 12; // pieces fetched ahead: about as many misses as a core can have open
constexpr unsigned kDigitBits = 12;  // two passes sort the 2^24 windows of the slot
constexpr size_t kSmallBatch = 2048; // pieces; counting 2^12 digits twice would cost more

bool all_zero(const std::byte *data, uint64_t size) {
  return size == 0 || (*data == std::byte{0} && std::memcmp(data, data + 1, size - 1) == 0);
}

void set_bits(std::vector<uint64_t> &bits, uint64_t begin, uint64_t count) {
  while (count != 0) {
    const uint64_t shift = begin % kWordBits;
    const uint64_t part = std::min(count, kWordBits - shift);
    const uint64_t mask = part == kWordBits ? ~0ull : ((1ull << part) - 1) << shift;
    bits[begin / kWordBits] |= mask;
    begin += part;
    count -= part;
  }
}

// First position in [from, end) whose bit equals VALUE; END if none.
uint64_t find_bit(const std::vector<uint64_t> &bits, uint64_t from, uint64_t end, bool value) {
  while (from < end) {
    const uint64_t word =
        (value ? bits[from / kWordBits] : ~bits[from / kWordBits]) >> from % kWordBits;
    if (word != 0)
      return std::min(end, from + static_cast<uint64_t>(std::countr_zero(word)));
    from = (from / kWordBits + 1) * kWordBits;
  }
  return end;
}

} // namespace

bool ImageWriter::add(std::span<const std::byte> payload) {
  EpochPayloadReader reader(payload, limit_);
  ImageRange range;
  while (reader.next(range))
    split(range);
  return reader.sound();
}

void ImageWriter::split(const ImageRange &range) {
  uint64_t offset = range.offset;
  const std::byte *data = range.data;
  for (uint64_t rest = range.length; rest != 0;) {
    const uint64_t begin = offset % kWindow;
    const uint64_t part = std::min(rest, kWindow - begin);
    pieces_.push_back({offset / kWindow, begin, begin + part - 1, range.fill, data});
    offset += part;
    rest -= part;
    if (!range.fill)
      data += part;
  }
}

void ImageWriter::sort_pieces() {
  if (pieces_.size() < kSmallBatch) {
    std::ranges::stable_sort(pieces_, {}, [](const Piece &piece) { return piece.window; });
    return;
  }
  Pieces sorted(pieces_.size());
  for (unsigned shift = 0; shift < 2 * kDigitBits; shift += kDigitBits) {
    constexpr uint32_t kDigits = 1u << kDigitBits;
    std::array<size_t, kDigits + 1> starts{};
    for (const Piece &piece : pieces_)
      ++starts[(piece.window >> shift) % kDigits + 1];
    for (uint32_t digit = 0; digit < kDigits; ++digit)
      starts[digit + 1] += starts[digit];
    for (const Piece &piece : pieces_)
      sorted[starts[(piece.window >> shift) % kDigits]++] = piece;
    pieces_.swap(sorted);
  }
}

Status ImageWriter::apply() {
  sort_pieces();
  Status status = Status::ok();
  for (size_t i = 0; i < pieces_.size() && status;) {
    size_t end = i + 1;
    while (end < pieces_.size() && pieces_[end].window == pieces_[i].window)
      ++end;
    status = write_window(std::span(pieces_).subspan(i, end - i));
    i = end;
  }
  if (status)
    status = flush_zeros();
  pieces_.clear();
  return status;
}

Status ImageWriter::write_window(std::span<const Piece> pieces) {
  const uint64_t base = pieces.front().window * kWindow;
  // Pieces before one that covers the whole window cannot be seen.
  for (size_t i = pieces.size(); i-- > 0;)
    if (pieces[i].length() == kWindow) {
      pieces = pieces.subspan(i);
      break;
    }
  const Piece &only = pieces.front();
  if (pieces.size() == 1 && !only.fill)
    return write(base + only.begin, {only.data, only.length()});
  if (pieces.size() == 1 && *only.data == std::byte{0})
    return zero(base + only.begin, only.length());
  return write_merged(base, pieces);
}

Status ImageWriter::write_merged(uint64_t base, std::span<const Piece> pieces) {
  merged_.resize(kWindow);
  set_.assign(kWindow / kWordBits, 0);
  for (size_t i = 0; i < pieces.size(); i++) {
    // The bytes were written a while ago, by another processor.
    if (i + kAhead < pieces.size())
      __builtin_prefetch(pieces[i + kAhead].data);
    const Piece &piece = pieces[i];
    if (piece.fill)
      std::memset(&merged_[piece.begin], static_cast<int>(*piece.data), piece.length());
    else
      std::memcpy(&merged_[piece.begin], piece.data, piece.length());
    set_bits(set_, piece.begin, piece.length());
  }
  if (Status status = fill_gaps(base); !status)
    return status;
  for (uint64_t at = find_bit(set_, 0, kWindow, true); at < kWindow;) {
    const uint64_t end = find_bit(set_, at, kWindow, false);
    const Status status = end - at >= kPage && all_zero(&merged_[at], end - at)
                              ? zero(base + at, end - at)
                              : write(base + at, {&merged_[at], end - at});
    if (!status)
      return status;
    at = find_bit(set_, end, kWindow, true);
  }
  return Status::ok();
}

// A page with many small runs is read and written whole: two system calls instead of one per run.
// Only this thread writes the image, so the bytes between the runs cannot change meanwhile.
Status ImageWriter::fill_gaps(uint64_t base) {
  for (uint64_t page = 0; page < kWindow; page += kPage) {
    unsigned runs = 0;
    for (uint64_t at = page; runs < 3; ++runs) {
      at = find_bit(set_, at, page + kPage, true);
      if (at == page + kPage)
        break;
      at = find_bit(set_, at, page + kPage, false);
    }
    if (runs < 3)
      continue;
    std::byte old[kPage];
    if (Status status = image_.read(base + page, old); !status)
      return status;
    for (uint64_t at = page; at < page + kPage;) {
      const uint64_t gap = find_bit(set_, at, page + kPage, false);
      at = find_bit(set_, gap, page + kPage, true);
      if (gap < at)
        std::memcpy(&merged_[gap], old + (gap - page), at - gap);
    }
    set_bits(set_, page, kPage);
  }
  return Status::ok();
}

Status ImageWriter::write(uint64_t offset, std::span<const std::byte> bytes) {
  high_water_ = std::max(high_water_, offset + bytes.size());
  bytes_written_ += bytes.size();
  if (unsent_ == 0)
    unsent_begin_ = offset;
  unsent_ += bytes.size();
  if (Status status = image_.write(offset, bytes); !status || unsent_ < kPortion)
    return status;
  unsent_ = 0;
  return image_.write_back(unsent_begin_, offset + bytes.size() - unsent_begin_);
}

// Zeros of neighbouring windows are gathered: a hole of gigabytes is one look, not thousands.
Status ImageWriter::zero(uint64_t offset, uint64_t size) {
  if (offset == zero_end_) {
    zero_end_ += size;
    return Status::ok();
  }
  if (Status status = flush_zeros(); !status)
    return status;
  zero_begin_ = offset;
  zero_end_ = offset + size;
  return Status::ok();
}

Status ImageWriter::flush_zeros() {
  const uint64_t begin = zero_begin_;
  const uint64_t end = std::min(zero_end_, image_.size());
  zero_begin_ = zero_end_ = 0;
  return begin < end ? image_.zero(begin, end - begin) : Status::ok();
}

} // namespace perdure
