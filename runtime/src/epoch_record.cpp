// SPDX-License-Identifier: Apache-2.0
//
// Builds an epoch's payload. Runs while no unit is open, so a short range is two copies, and a
// long one is scanned once, 64 bytes at a step, for runs of one byte: fresh memory is mostly zeros.
// epoch_payload.h reads it back.
#include "epoch_record.h"
#include "log_format.h"
#include <algorithm>
#include <cstring>
#include <immintrin.h>
#include <utility>

namespace perdure {
namespace {

constexpr uint64_t kStep = 64;
constexpr uint64_t kScanMin = 256; // shorter ranges are not worth looking into

// A thread outside any unit may store to what is read here. Its hook comes later, so the next cut
// has the value; but this one must not find a run of zeros and then read the byte that came after.
std::byte read_once(const std::byte *data) {
  return *static_cast<const volatile std::byte *>(data);
}

// True if the 64 bytes at DATA all equal VALUE.
bool uniform(const std::byte *data, std::byte value) {
  const auto *block = reinterpret_cast<const __m128i *>(data);
  const __m128i all = _mm_set1_epi8(static_cast<char>(value));
  const __m128i low = _mm_and_si128(_mm_cmpeq_epi8(_mm_loadu_si128(block), all),
                                    _mm_cmpeq_epi8(_mm_loadu_si128(block + 1), all));
  const __m128i high = _mm_and_si128(_mm_cmpeq_epi8(_mm_loadu_si128(block + 2), all),
                                     _mm_cmpeq_epi8(_mm_loadu_si128(block + 3), all));
  return _mm_movemask_epi8(_mm_and_si128(low, high)) == 0xffff;
}

struct Run {
  uint64_t length;
  bool fill;       // LENGTH times VALUE
  std::byte value; // if FILL
};

// The run of uniform blocks of one value, or of non-uniform blocks, that starts at DATA.
Run run_at(const std::byte *data, uint64_t size) {
  const std::byte value = read_once(data);
  const bool fill = size >= kStep && uniform(data, value);
  if (!fill && size < kStep)
    return {size, false, value};
  uint64_t length = kStep;
  while (length + kStep <= size) {
    const std::byte *block = data + length;
    if (uniform(block, fill ? value : read_once(block)) != fill)
      return {length, fill, value};
    length += kStep;
  }
  return {fill ? length : size, fill, value}; // a last partial block joins what was copied
}

} // namespace

void EpochRecord::reserve(uint64_t bytes) {
  if (bytes <= capacity_)
    return;
  payload_ = grow_mapped(payload_, capacity_, bytes);
  capacity_ = bytes;
}

void EpochRecord::clear() {
  constexpr uint64_t kKept = 1 << 20; // bytes
  size_ = 0;
  if (capacity_ > kKept)
    release();
}

std::unique_ptr<std::byte, MappedDelete> EpochRecord::release() {
  size_ = 0;
  const MappedDelete how{std::exchange(capacity_, 0)};
  return {std::exchange(payload_, nullptr), how};
}

void EpochRecord::append(uint64_t word, const std::byte *data, uint64_t size) {
  if (__builtin_expect(size_ + sizeof word + size > capacity_, 0))
    reserve(2 * (size_ + sizeof word + size));
  std::byte *end = payload_ + size_;
  std::memcpy(end, &word, sizeof word);
  std::memcpy(end + sizeof word, data, size);
  size_ += sizeof word + size;
}

void EpochRecord::add_all(const EpochRecord &other) {
  if (other.empty())
    return;
  reserve(size_ + other.size_);
  std::memcpy(payload_ + size_, other.payload_, other.size_);
  size_ += other.size_;
}

void EpochRecord::add(uint64_t offset, const void *data, uint64_t size) {
  const auto *bytes = static_cast<const std::byte *>(data);
  if (size - 1 < kScanMin - 1) { // 1..255
    append(range_word(offset, size, false), bytes, size);
    return;
  }
  while (size != 0) {
    const Run run = run_at(bytes, size);
    const uint64_t length = std::min(run.length, kRangeLengthMax);
    append(range_word(offset, length, run.fill), run.fill ? &run.value : bytes,
           run.fill ? 1 : length);
    offset += length;
    bytes += length;
    size -= length;
  }
}

} // namespace perdure
