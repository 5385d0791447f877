// SPDX-License-Identifier: Apache-2.0
//
// Mapping the slot; see working_image.h.
#include "working_image.h"
#include "heap_layout.h"
#include "persist.h"
#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <string>
#include <sys/mman.h>

namespace perdure {
namespace {

uint64_t mapped_bytes; // of the slot, by us

// The line of /proc/self/maps that overlaps [begin, end); empty if none.
std::string holder_of(uint64_t begin, uint64_t end) {
  std::FILE *maps = std::fopen("/proc/self/maps", "re");
  if (!maps)
    return "";
  char line[512];
  std::string found;
  while (found.empty() && std::fgets(line, sizeof line, maps)) {
    uint64_t from, to;
    if (std::sscanf(line, "%" SCNx64 "-%" SCNx64, &from, &to) == 2 && from < end && to > begin)
      found = line;
  }
  std::fclose(maps);
  while (!found.empty() && found.back() == '\n')
    found.pop_back();
  return found;
}

Status slot_taken(uint64_t slot, int error) {
  const std::string holder = holder_of(slot, slot + kSlotSize);
  char range[64];
  std::snprintf(range, sizeof range, "the pool's address range at 0x%" PRIx64, slot);
  if (holder.empty() || error != EEXIST)
    return Status::error(std::string("cannot map ") + range + ": " + std::strerror(error) +
                         "; check limits on address space (ulimit -v, vm.overcommit_memory)");
  return Status::error(range + (" is taken by: " + holder) +
                       "; start the program without what maps it");
}

// Maps OFFSET.. from the pool's base. REPLACE: over our own mapping; else the range must be free.
Status map_range(uint64_t offset, uint64_t size, int fd, bool replace) {
  if (size == 0)
    return Status::ok();
  const uint64_t slot = kBase + offset / kSlotSize * kSlotSize;
  const int flags = MAP_PRIVATE | MAP_NORESERVE | (fd < 0 ? MAP_ANONYMOUS : 0) |
                    (replace ? MAP_FIXED : MAP_FIXED_NOREPLACE);
  void *at = mmap(address_of(offset), size, PROT_READ | PROT_WRITE, flags, fd,
                  fd < 0 ? 0 : static_cast<off_t>(offset));
  if (at == MAP_FAILED)
    return slot_taken(slot, errno);
  if (at != address_of(offset)) { // a kernel that does not know MAP_FIXED_NOREPLACE
    munmap(at, size);
    return slot_taken(slot, EEXIST);
  }
  return Status::ok();
}

} // namespace

Status slot_is_free() {
  if (mapped_bytes == 0 && !holder_of(kBase, kBase + kSlotSize).empty())
    return slot_taken(kBase, EEXIST);
  return Status::ok();
}

Status map_beside_image(uint64_t begin, uint64_t size) {
  // Looked at first: a sanitizer ends the process that asks for what it has taken.
  if (!holder_of(begin, begin + size).empty())
    return slot_taken(begin, EEXIST);
  if (Status status = map_range(begin - kBase, size, -1, false); !status)
    return status;
  madvise(address_of(begin - kBase), size, MADV_NOHUGEPAGE);
  return Status::ok();
}

Status map_volatile_image() {
  if (mapped_bytes != 0)
    return Status::ok();
  if (Status status = map_range(0, kHeapOffset, -1, false); !status)
    return status;
  mapped_bytes = kHeapOffset;
  return Status::ok();
}

Status map_working_image(int image_fd, uint64_t image_bytes, uint64_t limit) {
  // First the whole range as one: after that nothing can take part of it from us.
  const uint64_t ours = mapped_bytes;
  if (Status status = map_range(0, std::min(ours, limit), -1, true); !status)
    return status;
  if (limit > ours)
    if (Status status = map_range(ours, limit - ours, -1, false); !status)
      return status;
  mapped_bytes = std::max(ours, limit);
  if (Status status = map_range(0, image_bytes, image_fd, true); !status)
    return status;
  // Roots are scattered over holes of the file: reading ahead from each would fill pages with zeros
  // that nobody looks at.
  if (image_bytes > kRootsOffset)
    madvise(address_of(kRootsOffset), std::min(image_bytes, kHeapOffset) - kRootsOffset,
            MADV_RANDOM);
  // Only fresh heap: file pages cannot be huge, and roots are scattered.
  const uint64_t fresh = std::max(image_bytes, kHeapOffset);
  if (limit > fresh)
    madvise(address_of(fresh), limit - fresh, MADV_HUGEPAGE);
  return Status::ok();
}

void unmap_working_image() {
  if (mapped_bytes != 0)
    munmap(address_of(0), mapped_bytes);
  mapped_bytes = 0;
}

} // namespace perdure
