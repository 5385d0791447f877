// SPDX-License-Identifier: Apache-2.0
//
// Copying the pages of the working image that are still the file's; see forked_child.h.
#include "file_data.h"
#include "forked_child.h"
#include "perdure/abi.h"
#include <algorithm>
#include <atomic>
#include <fcntl.h>
#include <unistd.h>

namespace perdure {
namespace {

constexpr uint64_t kPage = 4096;
constexpr size_t kAtOnce = 512; // pages looked up together
// Of an entry of /proc/self/pagemap.
constexpr uint64_t kPresent = 1ull << 63, kSwapped = 1ull << 62, kOfFile = 1ull << 61;

bool is_own(uint64_t entry) {
  return (entry & kSwapped) != 0 || (entry & (kPresent | kOfFile)) == kPresent;
}

// An atomic addition of nothing makes the kernel copy the page and loses no store of another
// thread. The compiler must not see the zero: it would make a load of it.
void touch(uint64_t address) {
  uint64_t nothing = 0;
  asm("" : "+r"(nothing));
  std::atomic_ref<uint64_t>(*reinterpret_cast<uint64_t *>(address)).fetch_add(nothing);
}

bool copy_range(int pagemap, uint64_t begin, uint64_t end) {
  uint64_t entries[kAtOnce];
  while (begin < end) {
    const uint64_t pages = std::min<uint64_t>(kAtOnce, (end - begin) / kPage);
    const size_t size = pages * sizeof(uint64_t);
    const auto at = static_cast<off_t>((PERDURE_BASE + begin) / kPage * sizeof(uint64_t));
    if (pread(pagemap, entries, size, at) != static_cast<ssize_t>(size))
      return false;
    for (uint64_t i = 0; i < pages; i++)
      if (!is_own(entries[i]))
        touch(PERDURE_BASE + begin + i * kPage);
    begin += pages * kPage;
  }
  return true;
}

} // namespace

// Holes of the file are left alone: nothing that the program knows of lies there.
bool copy_shared_pages(int fd, uint64_t bytes) {
  const int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  bool copied = pagemap >= 0;
  for (uint64_t at = 0; copied && at < bytes;) {
    const std::optional<FileData> data = next_file_data(fd, at, bytes);
    copied = data && copy_range(pagemap, data->begin / kPage * kPage,
                                (data->end + kPage - 1) / kPage * kPage);
    at = data ? data->end : bytes;
  }
  if (pagemap >= 0)
    close(pagemap);
  return copied;
}

} // namespace perdure
