// SPDX-License-Identifier: Apache-2.0
//
// Builds an epoch's payload. Runs while mutators are stopped, so a short range is two copies, and a
// long one is scanned once, 64 bytes at a step, for runs of one byte: fresh memory is mostly zeros.
// epoch_payload.h reads it back.
#include "epoch_record.h"
#include "check.h"
#include "log_format.h"
#include <algorithm>
#include <cstring>
#include <immintrin.h>

namespace perdure {
namespace {

constexpr uint64_t kStep = 64;
constexpr uint64_t kScanMin = 256; // shorter ranges are not worth looking into

// True if the 64 bytes at DATA are all equal.
bool uniform(const std::byte *data) {
  const auto *block = reinterpret_cast<const __m128i *>(data);
  const __m128i first = _mm_set1_epi8(static_cast<char>(*data));
  const __m128i low = _mm_and_si128(_mm_cmpeq_epi8(_mm_loadu_si128(block), first),
                                    _mm_cmpeq_epi8(_mm_loadu_si128(block + 1), first));
  const __m128i high = _mm_and_si128(_mm_cmpeq_epi8(_mm_loadu_si128(block + 2), first),
                                     _mm_cmpeq_epi8(_mm_loadu_si128(block + 3), first));
  return _mm_movemask_epi8(_mm_and_si128(low, high)) == 0xffff;
}

// Bytes of the run of uniform blocks of one value, or of non-uniform blocks, that starts at DATA.
uint64_t run_length(const std::byte *data, uint64_t size, bool &fill) {
  fill = size >= kStep && uniform(data);
  if (!fill && size < kStep)
    return size;
  uint64_t length = kStep;
  while (length + kStep <= size) {
    const std::byte *block = data + length;
    if (uniform(block) != fill || (fill && *block != *data))
      return length;
    length += kStep;
  }
  return fill ? length : size; // a last partial block joins what was copied
}

} // namespace

void EpochRecord::reserve(uint64_t bytes) {
  if (bytes <= capacity_)
    return;
  auto *grown = static_cast<std::byte *>(std::realloc(payload_.get(), bytes));
  PERDURE_CHECK(grown, "out of memory for an epoch's bytes");
  (void)payload_.release();
  payload_.reset(grown);
  capacity_ = bytes;
}

void EpochRecord::append(uint64_t word, const std::byte *data, uint64_t size) {
  if (__builtin_expect(size_ + sizeof word + size > capacity_, 0))
    reserve(2 * (size_ + sizeof word + size));
  std::byte *end = payload_.get() + size_;
  std::memcpy(end, &word, sizeof word);
  std::memcpy(end + sizeof word, data, size);
  size_ += sizeof word + size;
}

void EpochRecord::add(uint64_t offset, const void *data, uint64_t size) {
  const auto *bytes = static_cast<const std::byte *>(data);
  if (size - 1 < kScanMin - 1) { // 1..255
    append(range_word(offset, size, false), bytes, size);
    return;
  }
  while (size != 0) {
    bool fill;
    const uint64_t length = std::min(run_length(bytes, size, fill), kRangeLengthMax);
    append(range_word(offset, length, fill), bytes, fill ? 1 : length);
    offset += length;
    bytes += length;
    size -= length;
  }
}

} // namespace perdure
