// SPDX-License-Identifier: Apache-2.0
#include "mapped_memory.h"
#include <cstdlib>
#include <cstring>
#include <new>
#include <sys/mman.h>

namespace perdure {
namespace {

constexpr uint64_t kLeast = 64 << 10; // bytes; below it the heap of libc serves
constexpr uint64_t kAlignment = 64;   // a cache line: what copies of lines want

bool is_mapped(uint64_t bytes) { return bytes >= kLeast; }

std::byte *checked(void *block) {
  if (!block || block == MAP_FAILED)
    throw std::bad_alloc();
  return static_cast<std::byte *>(block);
}

uint64_t rounded(uint64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

} // namespace

std::byte *allocate_mapped(uint64_t bytes) {
  return checked(is_mapped(bytes) ? mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                                  : std::aligned_alloc(kAlignment, rounded(bytes)));
}

std::byte *grow_mapped(std::byte *block, uint64_t from, uint64_t bytes) {
  if (is_mapped(from))
    return checked(mremap(block, from, bytes, MREMAP_MAYMOVE));
  std::byte *grown = allocate_mapped(bytes);
  if (block)
    std::memcpy(grown, block, from);
  std::free(block);
  return grown;
}

void free_mapped(std::byte *block, uint64_t bytes) {
  if (block && is_mapped(bytes))
    munmap(block, bytes);
  else
    std::free(block);
}

} // namespace perdure
