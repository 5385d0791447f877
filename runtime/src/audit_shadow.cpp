// SPDX-License-Identifier: Apache-2.0
//
// The shadow's mapping and its comparison with memory; see audit_shadow.h.
#include "audit_shadow.h"
#include "heap_layout.h"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace perdure {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kBatch = 512; // pages asked about at once
// Bits of a pagemap entry.
constexpr uint64_t kPresent = 1ull << 63, kSwapped = 1ull << 62, kFile = 1ull << 61;
// Differing bytes this close are one run: one store may leave some of its bytes as they were.
constexpr uint64_t kGap = 8;

bool is_written(uint64_t entry) { return (entry & (kPresent | kSwapped)) && !(entry & kFile); }

} // namespace

Result<std::unique_ptr<Shadow>> Shadow::map(int image_fd, uint64_t image_bytes, uint64_t limit) {
  void *base = mmap(nullptr, limit, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  bool mapped = base != MAP_FAILED;
  if (mapped) {
    madvise(base, limit, MADV_NOHUGEPAGE); // it is read all over
    mapped = image_bytes == 0 ||
             mmap(base, image_bytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, image_fd, 0) != MAP_FAILED;
  }
  if (!mapped)
    return Status::error(std::string("PERDURE_AUDIT: cannot map the shadow of the pool: ") +
                         std::strerror(errno));
  const int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  return std::unique_ptr<Shadow>(new Shadow(static_cast<std::byte *>(base), limit, pagemap));
}

Shadow::~Shadow() {
  munmap(base_, size_);
  if (pagemap_ >= 0)
    close(pagemap_);
}

void Shadow::copy(uint64_t begin, uint64_t end) {
  end = std::min(end, size_);
  if (begin < end)
    std::memcpy(base_ + begin, address_of(begin), end - begin);
}

void Shadow::compare(uint64_t begin, uint64_t end, std::vector<ByteRange> &runs) const {
  if (std::memcmp(address_of(begin), at(begin), end - begin) == 0)
    return;
  for (uint64_t i = begin; i < end; i++) {
    if (*address_of(i) == *at(i))
      continue;
    if (!runs.empty() && i - runs.back().end < kGap)
      runs.back().end = i + 1;
    else
      runs.push_back({i, i + 1});
  }
}

void Shadow::differences(uint64_t begin, uint64_t end, std::vector<ByteRange> &runs) const {
  end = std::min(end, size_);
  uint64_t entries[kBatch];
  while (begin < end) {
    const uint64_t first = begin / kPage;
    const uint64_t pages = std::min(kBatch, (end - 1) / kPage - first + 1);
    const auto asked = static_cast<off_t>((kBase / kPage + first) * sizeof *entries);
    const bool known = pagemap_ >= 0 && pread(pagemap_, entries, pages * sizeof *entries, asked) ==
                                            static_cast<ssize_t>(pages * sizeof *entries);
    for (uint64_t page = 0; page < pages; page++) {
      const uint64_t stop = std::min(end, (first + page + 1) * kPage);
      if (!known || is_written(entries[page]))
        compare(begin, stop, runs);
      begin = stop;
    }
  }
}

} // namespace perdure
