// SPDX-License-Identifier: Apache-2.0
//
// Replay through a shared mapping; see mapped_replay.h.
#include "mapped_replay.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/mman.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace perdure {

static constexpr uint64_t kPage = 4096;
static constexpr uint64_t kWordBits = 64;

MappedReplay::MappedReplay(StableFile &image, uint64_t limit)
    : image_(image), limit_(limit), size_(std::min(image.size(), limit)) {
  if (image.fd() < 0 || size_ == 0)
    return;
  const uint64_t words = size_ / kPage / kWordBits + 1;
  populated_.reset(static_cast<uint64_t *>(std::calloc(words, sizeof(uint64_t))));
  if (!populated_)
    return;
  void *base = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, image.fd(), 0);
  if (base == MAP_FAILED)
    return;
  if (madvise(base, 0, MADV_POPULATE_WRITE) != 0) { // not known to this kernel
    munmap(base, size_);
    return;
  }
  base_ = static_cast<std::byte *>(base);
}

MappedReplay::~MappedReplay() {
  if (base_)
    munmap(base_, size_);
}

// Cuts RANGE off at the file's end; what is past it is zero and reads as such. False if nothing is
// left to store: also for long zeros, which StableFile::zero() does without filling holes.
bool MappedReplay::clip(ImageRange &range) const {
  if (range.offset >= size_)
    return false;
  range.length = std::min(range.length, size_ - range.offset);
  return !(range.fill && *range.data == std::byte{0} && range.length >= kPage);
}

// PAGES of the mapping, so that stores to them cannot fail.
Status MappedReplay::populate_run(uint64_t begin, uint64_t end) {
  if (begin == end)
    return Status::ok();
  const uint64_t bytes = std::min(end * kPage, size_) - begin * kPage;
  int result;
  do
    result = madvise(base_ + begin * kPage, bytes, MADV_POPULATE_WRITE);
  while (result != 0 && (errno == EINTR || errno == EAGAIN));
  if (result == 0)
    return Status::ok();
  const int error = errno;
  // The kernel says only that it did not work; system calls on the same bytes say why.
  for (uint64_t page = begin; page < end; ++page) {
    std::byte first;
    if (Status status = image_.read(page * kPage, {&first, 1}); !status)
      return status;
    if (Status status = image_.write(page * kPage, {&first, 1}); !status)
      return status;
  }
  return system_error("write", image_.path(), error == EFAULT ? EIO : error);
}

// Ranges of an epoch are mostly in order, so neighbouring pages make one call.
Status MappedReplay::populate(std::span<const std::byte> payload) {
  EpochPayloadReader reader(payload, limit_);
  ImageRange range;
  uint64_t begin = 0, end = 0;
  while (reader.next(range)) {
    if (!clip(range))
      continue;
    const uint64_t last = (range.offset + range.length - 1) / kPage;
    for (uint64_t page = range.offset / kPage; page <= last; ++page) {
      uint64_t &word = populated_.get()[page / kWordBits];
      const uint64_t bit = 1ull << page % kWordBits;
      if (word & bit)
        continue;
      word |= bit;
      if (page != end) {
        if (Status status = populate_run(begin, end); !status)
          return status;
        begin = page;
      }
      end = page + 1;
    }
  }
  return populate_run(begin, end);
}

Status MappedReplay::apply(std::span<const std::byte> payload) {
  if (!base_) {
    ImageWriter writer(image_, limit_);
    (void)writer.add(payload);
    return writer.apply();
  }
  if (Status status = populate(payload); !status)
    return status;
  EpochPayloadReader reader(payload, limit_);
  ImageRange range;
  while (reader.next(range)) {
    if (clip(range)) {
      if (range.fill)
        std::memset(base_ + range.offset, static_cast<int>(*range.data), range.length);
      else
        std::memcpy(base_ + range.offset, range.data, range.length);
    } else if (range.offset < size_) {
      if (Status status = image_.zero(range.offset, range.length); !status)
        return status;
    }
  }
  image_.stored_through_mapping();
  return Status::ok();
}

} // namespace perdure
