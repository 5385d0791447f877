// SPDX-License-Identifier: Apache-2.0
//
// Memory for buffers that are large for a short time. From some size on it is mapped, and unmapped
// when it is freed: the heap of libc keeps what is freed below something that lives on, which made
// a third of the memory of a server that had nothing more to commit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace perdure {

// Throws std::bad_alloc. BYTES are those that were asked for.
std::byte *allocate_mapped(uint64_t bytes);
// Keeps the first FROM bytes; BLOCK may be null, FROM 0.
std::byte *grow_mapped(std::byte *block, uint64_t from, uint64_t bytes);
void free_mapped(std::byte *block, uint64_t bytes);

struct MappedDelete {
  uint64_t bytes;
  void operator()(std::byte *block) const { free_mapped(block, bytes); }
};

// For containers.
template <typename T> struct MappedAllocator {
  using value_type = T;
  static_assert(alignof(T) <= 64);
  MappedAllocator() = default;
  template <typename Other> MappedAllocator(const MappedAllocator<Other> &) {}
  T *allocate(size_t count) { return reinterpret_cast<T *>(allocate_mapped(count * sizeof(T))); }
  void deallocate(T *block, size_t count) {
    free_mapped(reinterpret_cast<std::byte *>(block), count * sizeof(T));
  }
  bool operator==(const MappedAllocator &) const { return true; }
};

} // namespace perdure
